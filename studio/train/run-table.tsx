import { type Signal, useSignal } from '@preact/signals';
import { duration } from '../../src/base/format-duration.ts';
import { grouped } from '../../src/base/format-count.ts';
import { lately } from '../../src/base/late-updates.ts';
import { labelOf } from '../core/fields.ts';
import {
  best,
  byOption,
  csvOf,
  differing,
  found,
  isExactlyMeasured,
  shown,
  tagsOf,
  warmupOf,
} from '../core/run-rows.ts';
import { DeleteButton } from '../parts/delete-button.tsx';
import { saveFile } from '../parts/save.ts';
import { stopTask } from '../parts/tasks.ts';
import { maxShown, type Run, type Runs } from './runs.ts';

const stateWords: Readonly<Record<Run['state'], string>> = {
  running: 'running',
  stopping: 'saving …',
  elsewhere: 'another program trains it',
  stopped: 'stopped',
  finished: 'finished',
};

/** What is told otherwise. */
const noColumns = new Set(['data', 'causalWarmup']);

/** Columns for options at most: more of them are in the details and in the CSV. */
const maxOptions = 5;

type Attempt = (action: () => Promise<void>) => Promise<void>;

/** All runs beside each other: how far each is, what came of it, and in which options they differ. */
export function RunTable({ runs, attempt }: { readonly runs: Runs; readonly attempt: Attempt }) {
  const words = useSignal('');
  const grouping = useSignal('');
  const all = runs.list.value;
  if (all.length === 0) return null;
  const options = differing(all);
  const columns = options.filter((name) => !noColumns.has(name)).slice(0, maxOptions);
  const groups = byOption(found(all, words.value), options.includes(grouping.value) ? grouping.value : '');
  const seen = groups.flatMap((group) => group.runs);
  const bestRuns = best(all);
  return (
    <section aria-label="Runs" class="run-list">
      <TableSettings words={words} grouping={grouping} options={options} seen={seen} />
      <div class="scroll" role="region" aria-label="Table of runs" tabIndex={0}>
        <table class="runs">
          <Head columns={columns} />
          {groups.map((group) => (
            <tbody key={group.title}>
              {group.title !== '' && (
                <tr class="group-head">
                  <th colSpan={7 + columns.length} scope="rowgroup">
                    {group.title}
                  </th>
                </tr>
              )}
              {group.runs.map((run) => (
                <RunRow
                  key={run.name}
                  run={run}
                  runs={runs}
                  isBest={bestRuns.has(run.name)}
                  columns={columns}
                  attempt={attempt}
                />
              ))}
            </tbody>
          ))}
        </table>
      </div>
      {seen.length === 0 && <p class="quiet">No run has these words.</p>}
      <p class="help">
        Loss: the mean of the last {lately} updates, on the text that is learned. Held-out: nats a token on
        text that no run learns from, less is better; ≤ is a bound, of which the exact value is not known.{' '}
        {bestRuns.size > 0
          ? 'Best is the least among runs of the same text and tokens.'
          : 'To compare objectives, choose “New run like this” and another objective.'}
        {seen.some((run) => warmupOf(run) > 0) &&
          ' Causal warm-up: a model from nothing begins as an autoregressive one, which learns each token from those before it, since it learns sooner so; then masks begin, and the loss is another from there on.'}
      </p>
    </section>
  );
}

function TableSettings({
  words,
  grouping,
  options,
  seen,
}: {
  readonly words: Signal<string>;
  readonly grouping: Signal<string>;
  readonly options: readonly string[];
  readonly seen: readonly Run[];
}) {
  return (
    <div class="row">
      <label>
        <span class="hidden">Filter the runs</span>
        <input
          type="search"
          placeholder="Filter: words, seed=1, a tag"
          value={words.value}
          onInput={({ currentTarget }) => (words.value = currentTarget.value)}
        />
      </label>
      <label>
        group by{' '}
        <select
          value={grouping.value}
          onChange={({ currentTarget }) => (grouping.value = currentTarget.value)}
        >
          <option value="">nothing</option>
          {options.map((name) => (
            <option key={name} value={name}>
              {labelOf(name)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => saveFile('runs.csv', csvOf(seen), 'text/csv')}>
        CSV
      </button>
    </div>
  );
}

function Head({ columns }: { readonly columns: readonly string[] }) {
  return (
    <thead>
      <tr>
        <th scope="col">curves</th>
        <th scope="col">run</th>
        <th scope="col">updates</th>
        <th scope="col">
          loss <span class="unit">nats/token</span>
        </th>
        <th scope="col">
          held-out <span class="unit">nats/token</span>
        </th>
        <th scope="col">time</th>
        {columns.map((name) => (
          <th key={name} scope="col">
            {labelOf(name)}
          </th>
        ))}
        <th scope="col">
          <span class="hidden">what can be done</span>
        </th>
      </tr>
    </thead>
  );
}

interface RowProperties {
  readonly run: Run;
  readonly runs: Runs;
  /** Of those that can be compared with it. */
  readonly isBest: boolean;
  readonly columns: readonly string[];
  readonly attempt: Attempt;
}

function RunRow({ run, runs, isBest, columns, attempt }: RowProperties) {
  const { name, options, loss } = run;
  const isShown = runs.shown.value.includes(name);
  const isFocused = runs.focus.value === name;
  const open = () => void attempt(async () => runs.open(name));
  return (
    // for a mouse all of it is the button that its name is
    <tr
      class={isFocused ? 'focused' : undefined}
      data-run={name}
      onClick={({ target }) => {
        if (!(target as Element).closest('button, label')) open();
      }}
    >
      <td>
        <label
          class={isShown ? `swatch series-${runs.colorOf(name)}` : 'swatch'}
          title={
            !isShown && runs.isFull ? `${maxShown} runs are shown at once; take one off first` : undefined
          }
        >
          <input
            type="checkbox"
            checked={isShown}
            disabled={!isShown && runs.isFull}
            onChange={() => void attempt(async () => runs.toggle(name))}
          />
          <span class="hidden">Show the curves of {name}</span>
        </label>
      </td>
      <RunName run={run} columns={columns} isFocused={isFocused} onOpen={open} />
      <td>
        <Progress run={run} leftMs={runs.leftMs(run)} />
        {run.step < warmupOf(run) && (
          <div class="unit">causal warm-up until update {grouped(warmupOf(run))}</div>
        )}
      </td>
      <td data-label="loss">{typeof loss === 'number' ? loss.toFixed(3) : '–'}</td>
      <td data-label="held-out">
        {heldOut(run)} {isBest && <span class="tag best">best</span>}
      </td>
      <td data-label="time">{typeof run.seconds === 'number' ? duration(1000 * run.seconds) : '–'}</td>
      {columns.map((column) => (
        <td key={column} class="said">
          {shown(options[column])}
        </td>
      ))}
      <td>
        <Acts run={run} runs={runs} attempt={attempt} />
      </td>
    </tr>
  );
}

/** What a run is called, whether it is done, and by what it is told apart. */
function RunName({
  run,
  columns,
  isFocused,
  onOpen,
}: Pick<RowProperties, 'run' | 'columns'> & { readonly isFocused: boolean; readonly onOpen: () => void }) {
  return (
    <th scope="row">
      <button type="button" class="run-name" aria-pressed={isFocused} onClick={onOpen}>
        {run.name}
      </button>{' '}
      <span class={`state ${run.state}`}>{stateWords[run.state]}</span>
      {columns.length > 0 && (
        <span class="differs">
          {columns.map((column) => saidOf(column, run.options[column])).join(' · ')}
        </span>
      )}
      {tagsOf(run).map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
    </th>
  );
}

/** In what a run differs from others, where there is no room for columns. */
const saidOf = (column: string, value: unknown): string =>
  column === 'objective' ? shown(value) : `${labelOf(column)} ${shown(value)}`;

const heldOut = (run: Run): string =>
  run.validation ? `${isExactlyMeasured(run) ? '' : '≤ '}${run.validation.natsPerToken.toFixed(3)}` : '–';

function Progress({
  run: { name, step, steps, state },
  leftMs,
}: {
  readonly run: Run;
  readonly leftMs: number | undefined;
}) {
  return (
    <>
      <span class="steps">
        {grouped(step)}
        {steps !== undefined && steps !== step && ` of ${grouped(steps)}`}
      </span>
      {state === 'running' && (
        <>
          <progress max={steps ?? Math.max(step, 1)} value={step} aria-label={`Steps of ${name}`} />
          <span class="unit">{leftMs === undefined ? '' : `${duration(leftMs)} left`}</span>
        </>
      )}
    </>
  );
}

function Acts({ run: { name, state, task }, runs, attempt }: Omit<RowProperties, 'columns' | 'isBest'>) {
  if (state === 'running' && task !== undefined)
    return (
      <button type="button" onClick={() => void attempt(() => stopTask(task))}>
        Stop<span class="hidden"> {name}</span>
      </button>
    );
  if (state !== 'stopped' && state !== 'finished') return null;
  return (
    <div class="row">
      {state === 'stopped' && (
        <button type="button" onClick={() => void attempt(() => runs.resume(name))}>
          Resume<span class="hidden"> {name}</span>
        </button>
      )}
      <DeleteButton name={name} onDelete={() => void attempt(() => runs.remove(name))} />
    </div>
  );
}
