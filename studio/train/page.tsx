import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { usePolling } from '../parts/polling.ts';
import { isAnyAtWork, stopTask, type Task } from '../parts/tasks.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Curves } from './run-curves.tsx';
import { NewRun } from './new-run.tsx';
import { RunCard } from './run-card.tsx';
import { Runs } from './runs.ts';
import { Samples } from './samples.tsx';

const pauseMs = () => (isAnyAtWork.value ? 1000 : 4000);

/** Starts, watches, stops and resumes runs of training. */
export default function Train() {
  const [runs] = useState(() => new Runs());
  const problem = useSignal<unknown>(undefined);
  const isAsking = useSignal(false);
  usePolling(
    (signal) => runs.look(signal),
    pauseMs,
    (error) => (problem.value = error),
  );
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action();
      await runs.look(new AbortController().signal);
    } catch (error) {
      problem.value = error;
    }
  };
  return (
    <>
      <div class="row spread">
        <h1>Train</h1>
        <button
          type="button"
          class={isAsking.value ? '' : 'main'}
          aria-expanded={isAsking.value}
          onClick={() => (isAsking.value = !isAsking.value)}
        >
          {isAsking.value ? 'Close' : 'New run'}
        </button>
      </div>
      <Trouble error={problem.value} />
      {isAsking.value && (
        <NewRun
          onStart={async (kind, options) => {
            await runs.start(kind, options);
            isAsking.value = false;
          }}
        />
      )}
      <div class="train">
        <RunList runs={runs} attempt={attempt} />
        <section aria-label="Curves and texts">
          <Curves runs={runs} />
          <Details runs={runs} />
        </section>
      </div>
    </>
  );
}

/** The runs that begin, and those that there are. */
function RunList({
  runs,
  attempt,
}: {
  readonly runs: Runs;
  readonly attempt: (action: () => Promise<void>) => Promise<void>;
}) {
  const { list, beginning, shown, focus } = runs;
  return (
    <section aria-label="Runs">
      {list.value.length + beginning.value.length === 0 && (
        <p class="quiet">No runs here. A small model of a text takes some minutes.</p>
      )}
      <ul class="runs">
        {beginning.value.map((task) => (
          <BeginningRun key={task.id} task={task} />
        ))}
        {list.value.map((run) => {
          const color = shown.value.indexOf(run.name);
          return (
            <RunCard
              key={run.name}
              run={run}
              color={color < 0 ? undefined : color}
              isFocused={focus.value === run.name}
              leftMs={runs.leftMs(run)}
              onToggle={() => void attempt(async () => runs.toggle(run.name))}
              onOpen={() => void attempt(async () => runs.open(run.name))}
              onStop={() => void attempt(() => stopTask(run.task!))}
              onResume={() => void attempt(() => runs.resume(run.name))}
            />
          );
        })}
      </ul>
    </section>
  );
}

function BeginningRun({ task: { subject, state, lines } }: { readonly task: Task }) {
  return (
    <li class="run">
      <div class="run-head">
        <span class="run-name">{subject}</span>
        <span class={`state ${state}`}>{state === 'failed' ? 'failed' : 'begins'}</span>
      </div>
      {state === 'failed' ? (
        <p class="trouble">{lines.at(-1) ?? 'It ended without a word.'}</p>
      ) : (
        <p class="facts quiet">{lines.at(-1) ?? 'Reading what is to be learned …'}</p>
      )}
    </li>
  );
}

/** What is told of one run: its texts, its options, what it said. */
function Details({ runs }: { readonly runs: Runs }) {
  const details = runs.details.value;
  if (!details) return null;
  return (
    <section class="panel" aria-label={`Run ${details.name}`}>
      <h2>Texts of {details.name}</h2>
      <Samples key={details.name} samples={details.samples} />
      <details>
        <summary>Options</summary>
        <dl class="options">
          {Object.entries(details.options).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
      {details.lines.length > 0 && (
        <details>
          <summary>What it said</summary>
          <pre class="sample" role="group" tabIndex={0} aria-label="Lines of the run">
            {details.lines.join('\n')}
          </pre>
        </details>
      )}
    </section>
  );
}
