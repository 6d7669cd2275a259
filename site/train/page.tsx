import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { duration } from '../../src/base/format-duration.ts';
import { grouped } from '../../src/base/format-count.ts';
import type { KeptRun } from '../../src/browser/training/train.ts';
import { lossParts } from '../../studio/core/curves.ts';
import { fragmentOf } from '../../studio/core/link.ts';
import { draftOf, keepDraft } from '../../studio/parts/draft.ts';
import { Trouble } from '../../studio/parts/trouble.tsx';
import { Chart, dividersOf } from '../../studio/train/chart.tsx';
import { idOfTrained } from '../engine.ts';
import { type Shown, trainDesk, type Wish } from './desk.ts';

const objectives = {
  'masked-diffusion': 'Masked diffusion: any order',
  autoregressive: 'Autoregressive: left to right',
} as const;

/** A model of a text of one's own, trained in the page. */
export default function Train() {
  useEffect(() => {
    trainDesk.look().catch((error: unknown) => (trainDesk.problem.value = error));
  }, []);
  const shown = trainDesk.shown.value;
  return (
    <section class="learn">
      <h1>A model of your own text</h1>
      <p class="quiet">
        Paste a text, about 100 kB of it: the model is trained here, and neither the text nor the model leaves
        this machine. A run that was stopped, or whose page was closed, can be resumed.
      </p>
      <Trouble error={trainDesk.problem.value} />
      <NewRun />
      {shown && <Progress shown={shown} />}
      <Kept runs={trainDesk.runs.value} />
    </section>
  );
}

function NewRun() {
  const { text, name, objective, steps } = useKept();
  const atWork = trainDesk.atWork.value;
  const begin = (event: Event) => {
    event.preventDefault();
    void trainDesk.begin({
      name: name.value.trim(),
      text: text.value,
      objective: objective.value,
      steps: steps.value,
    });
  };
  const read = async ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    const [file] = currentTarget.files ?? [];
    if (file) text.value = await file.text();
  };
  return (
    <form onSubmit={begin}>
      <label>
        Text
        <textarea
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          placeholder="Once upon a time …"
          required
        />
      </label>
      <p class="quiet">
        {grouped(Math.round(new Blob([text.value]).size / 1000))} kB, or{' '}
        <label>
          a file: <input type="file" accept=".txt,text/*" onChange={(event) => void read(event)} />
        </label>
      </p>
      <Choices name={name} objective={objective} steps={steps} />
      <p class="row">
        <button type="submit" class="main" disabled={atWork !== undefined || text.value.trim() === ''}>
          Train
        </button>
        <button type="button" disabled={atWork === undefined} onClick={() => trainDesk.stop()}>
          Stop
        </button>
      </p>
    </form>
  );
}

/** What is typed, as it was when the tab was loaded last. */
function useKept() {
  const [draft] = useState(() => draftOf('training in the page'));
  const text = useSignal(typeof draft.text === 'string' ? draft.text : '');
  const name = useSignal(typeof draft.name === 'string' ? draft.name : 'my-text');
  const objective = useSignal<Wish['objective']>(
    draft.objective === 'autoregressive' ? draft.objective : 'masked-diffusion',
  );
  const steps = useSignal(typeof draft.steps === 'number' ? draft.steps : 500);
  const now = () => ({ text: text.value, name: name.value, objective: objective.value, steps: steps.value });
  useEffect(() => keepDraft('training in the page', now), []);
  return { text, name, objective, steps };
}

/** What is asked of a run beside its text. */
function Choices({
  name,
  objective,
  steps,
}: {
  readonly name: Signal<string>;
  readonly objective: Signal<Wish['objective']>;
  readonly steps: Signal<number>;
}) {
  return (
    <div class="row">
      <label>
        Name{' '}
        <input
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          required
          pattern="[A-Za-z0-9_\-]+"
        />
      </label>
      <label>
        Objective{' '}
        <select
          value={objective.value}
          onChange={({ currentTarget }) => (objective.value = currentTarget.value as Wish['objective'])}
        >
          {Object.entries(objectives).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label>
        Updates{' '}
        <input
          type="number"
          min={1}
          max={100_000}
          value={steps.value}
          onInput={({ currentTarget }) => (steps.value = Number(currentTarget.value))}
        />
      </label>
    </div>
  );
}

function Progress({
  shown: { name, losses, causalWarmup = 0, steps, sample, secondsLeft, note },
}: {
  readonly shown: Shown;
}) {
  const isAtWork = trainDesk.atWork.value === name;
  const left = isAtWork && secondsLeft !== undefined ? `, about ${duration(1000 * secondsLeft)} left` : '';
  const first = losses.length < causalWarmup ? ', causal warm-up: autoregressive first' : '';
  const parts = lossParts({ steps: losses.map((_, i) => i + 1), values: [...losses] }, causalWarmup);
  return (
    <section aria-label={`Run ${name}`}>
      <h2>{name}</h2>
      <p role="status">
        {losses.length === 0
          ? (note ?? 'It begins …')
          : `Update ${grouped(losses.length)}${steps ? ` of ${grouped(steps)}` : ''}: loss ${losses.at(-1)!.toFixed(3)} nats a token${first}${left}`}
      </p>
      {losses.length > 1 && (
        <Chart
          title="Loss"
          unit="nats a token"
          size="low"
          lines={parts.map(({ what, curve }) => ({ name: what, color: 0, look: 'plain', curve }))}
          dividers={dividersOf(parts, 0)}
        />
      )}
      {sample !== undefined && <pre class="sample">{sample.trim()}</pre>}
    </section>
  );
}

function Kept({ runs }: { readonly runs: readonly KeptRun[] }) {
  if (runs.length === 0) return null;
  const atWork = trainDesk.atWork.value;
  return (
    <section aria-label="Runs that are kept">
      <h2>Runs that this browser keeps</h2>
      <ul class="runs">
        {runs.map((run) => (
          <li key={run.name} class="run">
            <button type="button" class="run-name" onClick={() => trainDesk.show(run)}>
              {run.name}
            </button>{' '}
            <span class="quiet">
              {run.finished ? 'done' : run.name === atWork ? 'at work' : 'stopped'}, {grouped(run.step)}{' '}
              updates
            </span>
            <p class="row">
              {!run.finished && (
                <button
                  type="button"
                  disabled={atWork !== undefined}
                  onClick={() => void trainDesk.resume(run.name)}
                >
                  Resume
                </button>
              )}
              {run.step > 0 && (
                <>
                  <button type="button" onClick={() => void trainDesk.download(run.name)}>
                    Download
                  </button>
                  <a
                    href={fragmentOf({
                      page: 'write',
                      settings: { runs: [{ model: idOfTrained(run.name), options: {} }] },
                    })}
                  >
                    Write with it
                  </a>
                </>
              )}
              <button
                type="button"
                disabled={run.name === atWork}
                onClick={() => void trainDesk.forget(run.name)}
              >
                Forget
              </button>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
