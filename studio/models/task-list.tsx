import { useSignal } from '@preact/signals';
import { bytesText } from '../../src/base/format-bytes.ts';
import { shareIn } from '../core/quantities.ts';
import { isAtWork, stopTask, type Task, tasks } from '../parts/tasks.ts';

interface QuantiseReport {
  readonly format: string;
  readonly bytes: number;
  readonly sourceBytes: number;
  readonly error: { readonly overall: number };
  /** What became of its predictions on a text, where they were compared. */
  readonly predictions?: {
    readonly sameToken: number;
    readonly natsPerToken: { readonly reference: number; readonly other: number };
  };
}

/** What is done, and what was. */
const verbs: Partial<Record<Task['kind'], readonly [now: string, done: string]>> = {
  pull: ['Downloading', 'Downloaded'],
  quantize: ['Quantising', 'Quantised'],
};
const endings: Partial<Record<Task['state'], string>> = {
  done: 'done',
  stopped: 'stopped',
  failed: 'failed',
};

/** What is under way for models, and what became of it. */
export function TaskList({ onProblem }: { readonly onProblem: (problem: unknown) => void }) {
  const closed = useSignal<ReadonlySet<string>>(new Set());
  const shown = tasks.value
    .filter((task) => verbs[task.kind] !== undefined && !closed.value.has(keyOf(task)))
    .slice(0, 8);
  if (shown.length === 0) return null;
  return (
    <section aria-label="Tasks">
      <ul class="tasks">
        {shown.map((task) => {
          const line = task.lines.at(-1);
          const share = shareIn(line);
          return (
            <li key={keyOf(task)} class="run">
              <div class="run-head">
                <span>
                  {verbs[task.kind]![task.state === 'done' ? 1 : 0]} {task.subject}
                </span>
                <span class={`state ${task.state}`}>{endings[task.state] ?? line ?? 'begins'}</span>
                {isAtWork(task) ? (
                  <button
                    type="button"
                    disabled={task.state === 'stopping'}
                    onClick={() => void stopTask(task.id).catch(onProblem)}
                  >
                    Stop<span class="hidden"> {task.subject}</span>
                  </button>
                ) : (
                  <button
                    type="button"
                    class="plain"
                    onClick={() => (closed.value = new Set([...closed.value, keyOf(task)]))}
                  >
                    Close<span class="hidden"> {task.subject}</span>
                  </button>
                )}
              </div>
              {isAtWork(task) && <progress value={share} aria-label={`Progress of ${task.subject}`} />}
              {task.state === 'done' && task.kind === 'quantize' && <Made result={task.result} />}
              {task.state === 'failed' && <p class="trouble">{line ?? 'It ended without a word.'}</p>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const keyOf = ({ id, began }: Task): string => `${id} ${began}`;

/** What a copy takes, and what rounding did to it. */
function Made({ result }: { readonly result: unknown }) {
  // of a model with very many matrices the report is too long to be kept
  if (result === undefined) return <p class="facts">Done.</p>;
  const { format, bytes, sourceBytes, error, predictions } = result as QuantiseReport;
  const same =
    predictions && ` ${(100 * predictions.sameToken).toFixed(1)} % of its predictions are the same token.`;
  return (
    <>
      <p class="facts">
        {format}: weights of {bytesText(bytes)} on disk in place of {bytesText(sourceBytes)}.{same}
      </p>
      <details class="facts">
        <summary>Details</summary>
        The error of the weights is {(100 * error.overall).toFixed(2)} % of their root mean square.
        {predictions &&
          ` Held-out text takes ${predictions.natsPerToken.other.toFixed(3)} nats a token, ${predictions.natsPerToken.reference.toFixed(3)} before.`}
      </details>
    </>
  );
}
