import type { z } from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { startTask, type Task, type TaskIo, type TaskOptions } from '../base/task.ts';
import { createTrainingJob } from '../training/create-job.ts';
import { finetuneSchema } from '../training/finetune-options.ts';
import { usualAnswerLength } from '../training/initial-model.ts';
import { defaults } from '../training/defaults.ts';
import { type TrainingRequest, trainingSchema } from '../training/options.ts';
import { type OwnParts, ownPartsIn } from '../training/own-parts.ts';
import { alone, type Ranks } from '../ranks/ranks.ts';
import { followRun } from '../training/run/follow.ts';
import { leading } from '../training/run/lead.ts';
import type { CreateTrainingJob } from '../training/run/training-job.ts';
import type { TrainingEvent } from '../training/run/events.ts';
import { type Rows, rowsPlace } from '../training/run/kept-rows.ts';
import { usualPlace } from '../training/run/run-directory.ts';
import { plannedFor } from '../training/run/plan.ts';
import { runTraining } from '../training/run/run.ts';
import { openRun, type TrainingRun } from './open-run.ts';

/** What a run is asked for: the options of `unmask train`, by the names that its flags have, in camelCase. */
export interface TrainRequest extends TrainingRequest {
  /** Documents of the program, in the place of files. The run keeps them, so it can be resumed without. */
  readonly texts?: Iterable<string> | AsyncIterable<string>;
  /**
   * In the place of steps: about how long the run may take on this machine, in minutes. Size, steps and pace are chosen by how
   * large the files are and how fast a few updates turn out to be; what is given beside it stays.
   */
  readonly minutes?: number;
}

/** How a run is watched and stopped, and what it has of the program. */
export interface TrainOptions extends TaskOptions<TrainingEvent>, OwnParts {
  /** The ranks of the job, on the first of which this is; the others call `followTraining`. Default: this process alone. */
  readonly ranks?: Ranks;
}

/**
 * Takes part in a run that rank 0 trains: returns when that is done or was stopped.
 *
 * @param ranks    the ranks of the job (`findRanks`); this one isn't the first
 * @param options  its signal asks the whole job to stop; functions of the program have to be those that rank 0 has
 */
export async function followTraining(
  ranks: Ranks,
  { signal = new AbortController().signal, ...own }: OwnParts & { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const io = { note: () => {}, now: () => new Date(), signal };
  await followRun((...given) => createTrainingJob(...given, own), ranks, io);
}

/**
 * Trains a model on text, as `unmask train` does: begins a run in a directory of its own, or goes on with it to the same
 * bits as if it had never been stopped.
 *
 *     const run = await train({ data: ['story.txt'], out: 'runs/story', steps: 500 });
 *     const model = await run.model();
 *
 * Stopped by its signal, or by leaving a loop over it, it saves after the present update and gives the run as far as it is;
 * `train({ resume: run.directory })` goes on.
 *
 * @throws InvalidOptionError  for options that contradict each other or the run that is there
 * @throws FileError           for text or a directory that can't be used
 * @throws NonFiniteError      when too many updates had a loss or gradient that wasn't finite
 * @throws CannotSaveError     when no checkpoint could be saved for an hour, or the last one could not
 */
export function train(request: TrainRequest, options: TrainOptions = {}): Task<TrainingRun, TrainingEvent> {
  return startTask(async (io) => {
    const { texts, minutes, ...asked } = request;
    const checked = checkOptions(trainingSchema, asked);
    if (minutes !== undefined) {
      if (texts !== undefined)
        throw new InvalidOptionError(
          'minutes',
          'is for files, whose size is known; texts have steps',
          minutes,
        );
      const note = (text: string): void => io.note({ kind: 'note', text });
      const plan = await plannedFor(minutes, checked, {
        note,
        signal: io.signal,
        clock: () => performance.now(),
      });
      return run(plan, io, options);
    }
    if (texts === undefined) return run(checked, io, options);
    const field = checked.field ?? defaults.field;
    return run(
      checked,
      io,
      options,
      rowsOf(texts, (text) => ({ [field]: text })),
    );
  }, options);
}

/** The options of `unmask finetune`, by the names that its flags have, in camelCase. */
export type FinetuneRequest = Omit<z.input<typeof finetuneSchema>, 'from' | 'data' | 'resume'>;

/**
 * Teaches a model to answer, or to prefer one answer to another, as `unmask finetune` does. A run like any other: it is
 * watched, stopped and resumed as `train` says.
 *
 *     await finetune(shippedModel, [{ prompt: 'Who are you?', answer: 'A small model.' }], { out: 'runs/me', epochs: 20 });
 *
 * @param model  a directory, a run, or `org/name` from the cache
 * @param data   files or directories of conversations, or their rows: `{ messages }`, `{ prompt, answer }`, ShareGPT,
 *   Alpaca; with `learn: 'preferences'` such with `chosen` and `rejected`
 */
export function finetune(
  model: string,
  data: string | readonly string[] | Rows,
  request: FinetuneRequest = {},
  options: TrainOptions = {},
): Task<TrainingRun, TrainingEvent> {
  return startTask(async (io) => {
    const [files, rows] = filesOrRows(data);
    const asked = checkOptions(finetuneSchema, { ...request, from: model, data: files });
    const { learn = 'answers', length = await usualAnswerLength(model) } = asked;
    return run({ ...asked, learn, length }, io, options, rows);
  }, options);
}

/** Paths, or rows of the program, which are objects. */
function filesOrRows(data: string | readonly string[] | Rows): [files?: string[], rows?: Rows] {
  if (typeof data === 'string') return [[data]];
  if (!Array.isArray(data)) return [undefined, data as Rows];
  const paths = data.filter((one) => typeof one === 'string');
  if (paths.length === 0) return [undefined, data];
  if (paths.length === data.length) return [paths];
  throw new InvalidOptionError('data', 'must be paths or rows, not both', paths);
}

/** Trains, and opens what came of it. */
async function run(
  asked: TrainingRequest,
  { tell, note, signal }: TaskIo<TrainingEvent>,
  { ranks = alone, ...own }: OwnParts & Pick<TrainOptions, 'ranks'>,
  rows?: Rows,
): Promise<TrainingRun> {
  const request = rows ? withRows(asked) : asked;
  const make: CreateTrainingJob = (...given) => createTrainingJob(...given, own);
  const others = new AbortController();
  const clock = (): number => performance.now();
  const { directory } = await runTraining(
    request,
    ranks.size === 1 ? make : leading(make, ranks, { stop: () => others.abort(), clock }),
    {
      tell,
      note,
      stop: AbortSignal.any([signal, others.signal]),
      clock,
      now: () => new Date(),
    },
    { own: ownPartsIn(own), rows },
  );
  return openRun(directory);
}

/** The same request, with its rows where the run will keep them. */
function withRows(request: TrainingRequest): TrainingRequest {
  if (request.resume !== undefined)
    throw new InvalidOptionError(
      'resume',
      'goes on with the rows of the run; leave out others',
      request.resume,
    );
  if (request.data !== undefined)
    throw new InvalidOptionError('data', 'is given in the place of texts, not beside them', request.data);
  const out = request.out ?? usualPlace(request);
  return { ...request, out, data: [rowsPlace(out)] };
}

async function* rowsOf(
  texts: Iterable<string> | AsyncIterable<string>,
  row: (text: string) => object,
): AsyncGenerator<object, void, void> {
  for await (const text of texts) yield row(text);
}
