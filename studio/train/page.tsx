import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { smoothed } from '../core/curves.ts';
import { usePolling } from '../parts/polling.ts';
import { isAnyAtWork, stopTask } from '../parts/tasks.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Chart, type Line } from './chart.tsx';
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
  const { list, beginning, shown, focus } = runs;
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
        <section aria-label="Runs">
          {list.value.length + beginning.value.length === 0 && (
            <p class="quiet">No runs here. A small model of a text takes some minutes.</p>
          )}
          <ul class="runs">
            {beginning.value.map((task) => (
              <li key={task.id} class="run">
                <div class="run-head">
                  <span class="run-name">{task.subject}</span>
                  <span class={`state ${task.state}`}>{task.state === 'failed' ? 'failed' : 'begins'}</span>
                </div>
                {task.state === 'failed' ? (
                  <p class="trouble">{task.lines.at(-1) ?? 'It ended without a word.'}</p>
                ) : (
                  <p class="facts quiet">{task.lines.at(-1) ?? 'Reading what is to be learned …'}</p>
                )}
              </li>
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
        <section aria-label="Curves and texts">
          <Curves runs={runs} />
          <Details runs={runs} />
        </section>
      </div>
    </>
  );
}

function Curves({ runs }: { readonly runs: Runs }) {
  const smoothing = useSignal(0.9);
  const isLogarithmic = useSignal(false);
  void runs.revision.value; // curves grow in place
  const measured = runs.shown.value.flatMap((name, color) => {
    const found = name === undefined ? undefined : runs.curvesOf(name);
    return found && name !== undefined && found.curves.tokens.steps.length > 0
      ? [{ name, color, ...found }]
      : [];
  });
  if (measured.length === 0) return null;
  const losses = measured.flatMap(({ name, color, curves: { loss, bound } }): Line[] => [
    ...(smoothing.value > 0
      ? [{ name: `${name} each step`, color, curve: loss, look: 'pale' as const }]
      : []),
    { name: `${name} loss`, color, curve: smoothed(loss, smoothing.value), look: 'plain' },
    { name: `${name} bound`, color, curve: bound, look: 'marked' },
  ]);
  // of a run that was not watched there is what it wrote down at its checkpoints
  const speeds = measured
    .filter(({ speed }) => speed.steps.length > 0)
    .map(({ name, color, speed }): Line => ({ name, color, curve: speed, look: 'plain' }));
  return (
    <div class="panel">
      <div class="row">
        <label class="slider">
          <span>smoothing</span>
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smoothing.value}
            onInput={({ currentTarget }) => (smoothing.value = Number(currentTarget.value))}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={isLogarithmic.value}
            onChange={({ currentTarget }) => (isLogarithmic.value = currentTarget.checked)}
          />{' '}
          logarithmic
        </label>
      </div>
      <Chart
        title="Loss, and the bound on held-out text, in nats a token"
        lines={losses}
        isLogarithmic={isLogarithmic.value}
      />
      <div class="charts">
        <Chart
          title="Learning rate"
          size="low"
          lines={measured.map(({ name, color, curves }) => ({
            name,
            color,
            curve: curves.rate,
            look: 'plain',
          }))}
        />
        {speeds.length > 0 && <Chart title="Tokens a second" size="low" lines={speeds} />}
      </div>
    </div>
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
