import { grouped } from '../../src/base/format-count.ts';
import { duration } from '../../src/base/format-duration.ts';
import type { Run } from './runs.ts';

const stateWords: Readonly<Record<Run['state'], string>> = {
  running: 'running',
  stopping: 'saving, then it stops',
  elsewhere: 'running, started by another program',
  stopped: 'stopped',
  finished: 'finished',
};

/** A run in the list: what it is, how far it is, and what can be done with it. */
export function RunCard({
  run,
  color,
  isFocused,
  leftMs,
  onToggle,
  onOpen,
  onStop,
  onResume,
}: {
  readonly run: Run;
  /** The place of its colour, where its curves are shown. */
  readonly color: number | undefined;
  readonly isFocused: boolean;
  /** Until it is done, where that can be told. */
  readonly leftMs: number | undefined;
  readonly onToggle: () => void;
  readonly onOpen: () => void;
  readonly onStop: () => void;
  readonly onResume: () => void;
}) {
  const { name, state, step, steps } = run;
  return (
    <li class={`run ${isFocused ? 'focused' : ''}`}>
      <div class="run-head">
        <label class={color === undefined ? 'swatch' : `swatch series-${color}`}>
          <input type="checkbox" checked={color !== undefined} onChange={onToggle} />
          <span class="hidden">Show the curves of {name}</span>
        </label>
        <button type="button" class="run-name" aria-pressed={isFocused} onClick={onOpen}>
          {name}
        </button>
        <span class={`state ${state}`}>{stateWords[state]}</span>
      </div>
      <progress max={steps ?? Math.max(step, 1)} value={step} aria-label={`Steps of ${name}`} />
      <RunFacts run={run} leftMs={leftMs} />
      <div class="row">
        {state === 'running' && (
          <button type="button" onClick={onStop}>
            Stop<span class="hidden"> {name}</span>
          </button>
        )}
        {state === 'stopped' && (
          <button type="button" onClick={onResume}>
            Resume<span class="hidden"> {name}</span>
          </button>
        )}
      </div>
    </li>
  );
}

/** How far a run is, and what it is of. */
function RunFacts({
  run: { step, steps, loss, validation, options },
  leftMs,
}: Pick<Parameters<typeof RunCard>[0], 'run' | 'leftMs'>) {
  return (
    <>
      <p class="facts">
        {grouped(step)}
        {steps === undefined ? '' : ` of ${grouped(steps)}`} steps
        {typeof loss === 'number' && ` · loss ${loss.toFixed(3)}`}
        {validation && ` · bound ${validation.natsPerToken.toFixed(3)}`}
        {leftMs !== undefined && ` · ${duration(leftMs)} left`}
      </p>
      <p class="facts quiet">
        {[
          (options.learn ?? 'text') === 'text' ? options.size : options.learn,
          options.objective,
          options.from,
        ]
          .filter((part) => typeof part === 'string')
          .join(', ')}
      </p>
    </>
  );
}
