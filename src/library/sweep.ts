import { join } from 'node:path';
import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions, kebabCase } from '../base/options.ts';
import { startTask, type Task, type TaskOptions } from '../base/task.ts';
import { type TrainingRequest, trainingSchema } from '../training/options.ts';
import type { TrainingEvent } from '../training/run/events.ts';
import { resolveOptions } from '../training/run/resolve-options.ts';
import type { TrainingRun } from './open-run.ts';
import { train, type TrainRequest } from './train.ts';

/** What is different from run to run. */
export interface Grid {
  /** The values of each option; every combination is a run. */
  readonly vary?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /** Each combination is trained with so many seeds, from the request's on. Default: 1 */
  readonly seeds?: number;
}

/** What a sweep tells: which run begins, then what that run tells. */
export type SweepEvent =
  | {
      readonly kind: 'run';
      readonly directory: string;
      /** Counted from 0, and how many there are. */
      readonly index: number;
      readonly of: number;
    }
  | TrainingEvent;

/** Where runs go, or come from: no option of a run's own. */
const notVaried = new Set(['data', 'out', 'resume', 'guardData', 'loraTargets']);

/**
 * Trains a run for every combination of options, as `unmask train --sweep` does: each in a directory of its own in the folder
 * `out`, named after what is different. Stopped at any moment, the same call goes on with the run that it was at; what is done
 * isn't done again.
 *
 *     await sweep({ data: ['story.txt'], out: 'runs/rates' }, { vary: { learningRate: [1e-3, 2e-3] }, seeds: 3 });
 *
 * @returns the runs in their order, up to the one in which it was stopped
 * @throws InvalidOptionError  before the first run, for a combination that no run can have
 */
export function sweep(
  { texts, ...request }: TrainRequest,
  grid: Grid,
  options: TaskOptions<SweepEvent> = {},
): Task<TrainingRun[], SweepEvent> {
  return startTask(async ({ tell, signal }) => {
    const planned = sweepRuns(request, grid);
    const kept = texts && (await collected(texts));
    const runs: TrainingRun[] = [];
    for (const [index, one] of planned.entries()) {
      await tell({ kind: 'run', directory: one.out, index, of: planned.length });
      const run = await train({ ...one, texts: kept }, { signal, onProgress: tell });
      runs.push(run);
      if (!run.isFinished) break;
    }
    return runs;
  }, options);
}

/** More than anybody waits for. */
const maxRuns = 4096;

/**
 * The request of every run of a sweep.
 *
 * @throws InvalidOptionError
 */
export function sweepRuns(
  { out = join('runs', 'sweep'), resume, ...request }: TrainingRequest,
  { vary = {}, seeds = 1 }: Grid,
): (TrainingRequest & { readonly out: string })[] {
  if (resume !== undefined)
    throw new InvalidOptionError('resume', 'is for one run; give a sweep again to go on with it', resume);
  for (const [key, values] of Object.entries(vary)) {
    if (notVaried.has(key)) throw new InvalidOptionError('sweep', `cannot vary ${kebabCase(key)}`, key);
    if (values.length === 0) throw new InvalidOptionError('sweep', 'needs values: key=a,b,c', key);
    if (key === 'seed' && seeds > 1)
      throw new InvalidOptionError('seeds', 'is given in place of a sweep over seed, not beside it', seeds);
  }
  const count = Object.values(vary).reduce((product, values) => product * values.length, seeds);
  if (!(count <= maxRuns))
    throw new InvalidOptionError('sweep', `must ask for at most ${maxRuns} runs`, count);
  const first = request.seed ?? 0;
  const axes: readonly (readonly [string, readonly unknown[]])[] = [
    ...Object.entries(vary),
    ...(seeds > 1 ? [['seed', Array.from({ length: seeds }, (_, k) => first + k)] as const] : []),
  ];
  const runs = combinations(axes).map((chosen) => {
    const asked = { ...request, ...chosen };
    const checked = checkOptions(trainingSchema, asked);
    if (checked.data) resolveOptions(checked);
    return { ...checked, out: join(out, nameOf(chosen)) };
  });
  const twice = runs.find((run, k) => runs.findIndex((other) => other.out === run.out) !== k);
  if (twice) throw new InvalidOptionError('sweep', 'must not have a value twice', twice.out);
  return runs;
}

/** Every choice of one value for each axis, the last axis changing fastest. */
function combinations(axes: readonly (readonly [string, readonly unknown[]])[]): Record<string, unknown>[] {
  const [axis, ...others] = axes;
  if (!axis) return [{}];
  const [key, values] = axis;
  return values.flatMap((value) => combinations(others).map((rest) => ({ [key]: value, ...rest })));
}

/** What is different in a run, as a name that every file system takes. */
function nameOf(chosen: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(chosen).map(([key, value]) => `${kebabCase(key)}=${String(value)}`);
  return parts.join(',').replaceAll(/[^\w.,=+-]/g, '_') || 'run';
}

async function collected(texts: Iterable<string> | AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const text of texts) all.push(text);
  return all;
}
