import { relative } from 'node:path';
import type { TrainingRun } from '../../library/open-run.ts';
import type { TrainingOptions } from '../../training/options.ts';
import type { ValidationRow } from '../../training/run/events.ts';
import { type Mean, plainMean } from '../mean.ts';

/** A run, or several that differ in their seed alone, beside others. */
export interface ComparedRun {
  readonly name: string;
  readonly directories: readonly string[];
  /** What the compared runs don't have in common; `seed` is absent where several seeds stand for one row. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly objective: TrainingOptions['objective'];
  /** The means over the seeds. */
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  /** What held-out text cost at last: over seeds, or of one run with the error of its estimate. */
  readonly natsPerToken?: Mean;
  /** False for a causal model, whose −log p is exact. */
  readonly isBound: boolean;
  readonly curve: readonly CurvePoint[];
}

/** A validation on the way, the mean over seeds. */
export interface CurvePoint {
  readonly step: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly natsPerToken: Mean;
}

/** What says where a run is, or how it is shown, and nothing of what is learned. */
const ofNoMatter = new Set<string>(['sampleEvery', 'checkpointEvery', 'keep', 'threads', 'out']);

/** Runs side by side: what is different in them, and what came of it. Runs that differ in their seed alone are one row. */
export function compareRuns(runs: readonly TrainingRun[]): ComparedRun[] {
  const differing = differingOptions(runs);
  const groups = new Map<string, TrainingRun[]>();
  for (const run of runs) {
    const key = JSON.stringify([
      run.isFinished,
      ...differing.filter((name) => name !== 'seed').map((name) => valueOf(run, name)),
    ]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((group) => rowOf(group, differing));
}

/** The names of the options that are not the same in all. */
export function differingOptions(runs: readonly TrainingRun[]): string[] {
  const names = [...new Set(runs.flatMap(({ options }) => Object.keys(options)))];
  return names.filter(
    (name) =>
      !ofNoMatter.has(name) && new Set(runs.map((run) => JSON.stringify(valueOf(run, name)))).size > 1,
  );
}

/** An option; of files that a run keeps itself, where they are in it. */
function valueOf({ directory, options }: TrainingRun, name: string): unknown {
  if (name === 'data') return options.data.map((path) => relativeTo(directory, path));
  return (options as Readonly<Record<string, unknown>>)[name];
}

function relativeTo(directory: string, path: string): string {
  const inside = relative(directory, path);
  return inside.startsWith('..') ? path : inside;
}

function rowOf(group: readonly TrainingRun[], differing: readonly string[]): ComparedRun {
  const [first] = group;
  const { options, directory, validation } = first;
  const shown = differing.filter((name) => name !== 'seed' || group.length === 1);
  const average = (of: (run: TrainingRun) => number): number => plainMean(group.map(of)).mean;
  const last = group.map((run) => run.validation?.natsPerToken).filter((nats) => nats !== undefined);
  return {
    name: directory,
    directories: group.map((run) => run.directory),
    options: Object.fromEntries(shown.map((name) => [name, valueOf(first, name)])),
    objective: options.objective,
    steps: average(({ step }) => step),
    tokens: average(({ tokens }) => tokens),
    seconds: average(({ seconds }) => seconds),
    ...(last.length > 0 && { natsPerToken: meanOfSeeds(last, validation?.standardError) }),
    isBound: options.objective !== 'autoregressive',
    curve: curveOf(group),
  };
}

/** The mean over seeds; of one run, the error of its own estimate. */
const meanOfSeeds = (values: readonly number[], ownError = NaN): Mean =>
  values.length > 1 ? plainMean(values) : { mean: values[0], standardError: ownError };

/** The validations that every run of a group has had. */
function curveOf(group: readonly TrainingRun[]): CurvePoint[] {
  const each = group.map((run) =>
    run.metrics().filter((row): row is ValidationRow => row.kind === 'validation'),
  );
  const steps = [...new Set(each.flat().map(({ step }) => step))].sort((a, b) => a - b);
  return steps.flatMap((step) => {
    const rows = each.map((all) => all.findLast((row) => row.step === step));
    if (!rows.every((row) => row !== undefined)) return [];
    const average = (of: (row: ValidationRow) => number): number => plainMean(rows.map(of)).mean;
    return [
      {
        step,
        tokens: average(({ tokens }) => tokens),
        seconds: average(({ seconds }) => seconds),
        natsPerToken: meanOfSeeds(
          rows.map(({ natsPerToken }) => natsPerToken),
          rows[0].standardError,
        ),
      },
    ];
  });
}

/** What a row is called, in words: its options where there are some, else its directory. */
export function labelOf({ options, name, directories }: ComparedRun): string {
  const differences = Object.entries(options).map(([key, value]) => `${key} ${spelled(value)}`);
  const seeds = directories.length > 1 ? `, ${directories.length} seeds` : '';
  return `${differences.join(', ') || name}${seeds}`;
}

const spelled = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
