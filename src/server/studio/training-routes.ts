import { freeMemory } from '../../base/free-memory.ts';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { flagsFor, kebabCase, keysOf } from '../../base/options.ts';
import { distillSchema } from '../../training/distill-options.ts';
import { finetuneSchema } from '../../training/finetune-options.ts';
import { type TrainingRequest, trainingSchema } from '../../training/options.ts';
import { requireEffect } from '../../training/run/option-effects.ts';
import { resolveOptions } from '../../training/run/resolve-options.ts';
import { requireTrainingMemory, sizesIn } from '../../training/training-memory.ts';
import { type Service, requireStudio } from '../http/service.ts';
import { pathOfModel } from './found-models.ts';
import { isDistillation, knownRun, optionsOfRun, runDirectoryOf, runName, taskOf } from './run-routes.ts';
import { runsFolder, type Studio } from './studio.ts';
import type { TaskReport } from './tasks.ts';

/** Parts of a file at most; of the studio's 120,000 characters each they are 480 million, and of no more than a body has each. */
const maxUploadParts = 4000;

/** What a request says of a run in place of its directory, and of its text. */
const ownFields = {
  run: runName.optional().describe('name of the new run, and of its folder [SIZE-N, finetune-N]'),
  text: z.string().min(1).optional().describe('what is learned, in place of the files of data'),
};

/** Options that name a file or a directory: where they lead is checked, so none of them may be among the values of a sweep. */
const places = new Set(['data', 'guardData', 'from', 'tokenizer', 'out', 'resume']);
const optionNames = keysOf(trainingSchema.shape).filter((name) => !places.has(name)) as string[];

/** The options of `unmask train`, with the text itself in place of files, minutes in place of a size, and a sweep. */
export const trainBody = trainingSchema.omit({ out: true, resume: true }).extend({
  ...ownFields,
  minutes: z
    .number()
    .gt(0)
    .max(100_000)
    .optional()
    .describe('in place of size and steps: about how long the run may take on this machine'),
  sweep: z
    .partialRecord(
      z.enum(optionNames),
      z
        .array(z.union([z.string(), z.number(), z.boolean()]))
        .min(1)
        .max(32),
    )
    .optional()
    .describe('values of options: a run for each combination, one after another'),
  seeds: z.int().min(1).max(100).optional().describe('trains each of them with so many seeds [1]'),
});

/** The options of `unmask finetune`, with the rows themselves in place of files. */
export const finetuneBody = finetuneSchema
  .omit({ out: true, resume: true })
  .extend({ ...ownFields, from: finetuneSchema.shape.from.unwrap() });

/** Begins a training run, or a sweep of several, as a task. */
export const startTraining = (
  service: Service,
  { sweep, seeds, minutes, ...body }: z.output<typeof trainBody>,
): Promise<Response> => {
  const axes = Object.entries(sweep ?? {}).map(
    ([name, values]) => `${kebabCase(name)}=${(values ?? []).join(',')}`,
  );
  return begin(service, 'train', body, flagsFor({ sweep: axes, seeds, minutes }));
};

/** The options of `unmask distill`, with the text itself in place of files. */
export const distillBody = distillSchema
  .omit({ out: true, resume: true })
  .extend({ ...ownFields, from: distillSchema.shape.from.unwrap() });

/** Has a model learn from its own careful texts, as a program of its own. */
export const startDistilling = async (
  service: Service,
  { run: name, text, ...options }: z.output<typeof distillBody>,
): Promise<Response> => {
  const studio = requireStudio(service);
  studio.tasks.checkRoom();
  requireOneSource(options.data, text);
  const from = await pathOfModel(service, 'from', options.from);
  return starting(studio, name ?? freeName(studio, 'distill'), async (run) => {
    const { files, write } = await dataFor(studio, run, { data: options.data, text, kind: 'txt' });
    const flags = flagsFor({ ...options, from, data: files, out: join(studio.runs, run) });
    await write();
    return studio.tasks.start('distill', run, flags);
  });
};

/** Begins a fine-tuning run as a task. */
export const startFinetuning = (service: Service, body: z.output<typeof finetuneBody>): Promise<Response> =>
  begin(service, 'finetune', body);

type Asked = Omit<TrainingRequest, 'out' | 'resume'> & { readonly run?: string; readonly text?: string };

/** Starts a run as a program of its own; what can be known to be wrong is told before. */
async function begin(
  service: Service,
  kind: 'train' | 'finetune',
  { run: name, text, ...options }: Asked,
  more: readonly string[] = [],
): Promise<Response> {
  const studio = requireStudio(service);
  studio.tasks.checkRoom();
  const { data } = options;
  requireOneSource(data, text);
  const learn = options.learn ?? (kind === 'finetune' ? 'answers' : 'text');
  const settled = resolveOptions({ ...options, learn, data: data ?? ['text'] });
  requireEffect(options, settled);
  requireTrainingMemory(settled, sizesIn(settled), freeMemory());
  for (const path of options.guardData ?? []) await requireInside(studio, 'guardData', path);

  return starting(
    studio,
    name ?? freeName(studio, learn === 'text' ? settled.size : 'finetune'),
    async (run) => {
      const kindOfText = learn === 'text' ? 'txt' : 'jsonl';
      const { files, write } = await dataFor(studio, run, { data, text, kind: kindOfText });
      const flags = flagsFor({
        ...options,
        ...(options.from !== undefined && { from: await pathOfModel(service, 'from', options.from) }),
        ...(options.tokenizer !== undefined && { tokenizer: await tokenizerOf(service, options.tokenizer) }),
        data: files,
        out: join(studio.runs, run),
      });
      await write();
      return studio.tasks.start(kind, run, [...flags, ...more]);
    },
  );
}

/** @throws InvalidOptionError */
function requireOneSource(data: readonly string[] | undefined, text: string | undefined): void {
  if ((data === undefined) === (text === undefined))
    throw new InvalidOptionError(
      'data',
      'must name files, or text must hold what they would, and not both',
      data,
    );
}

/** Starts a run under a name, which is this run's from here on, whatever is asked meanwhile. @throws InvalidOptionError */
async function starting(
  studio: Studio,
  run: string,
  start: (run: string) => Promise<TaskReport>,
): Promise<Response> {
  if (isTaken(studio, run))
    throw new InvalidOptionError('run', 'must be the name of no run that is there', run);
  studio.claimed.add(run);
  try {
    return Response.json({ run, task: await start(run) });
  } finally {
    studio.claimed.delete(run);
  }
}

/** The files that a run learns from: those that are named, or one that is made of a text once all else is known to be right. */
async function dataFor(
  studio: Studio,
  run: string,
  {
    data,
    text,
    kind,
  }: { readonly data?: readonly string[]; readonly text?: string; readonly kind: 'txt' | 'jsonl' },
): Promise<{ readonly files: readonly string[]; readonly write: () => Promise<void> }> {
  for (const path of data ?? []) await requireInside(studio, 'data', path);
  if (text === undefined) return { files: data!, write: async () => {} };
  const path = join(studio.runs, textsFolder, `${run}.${kind}`);
  return { files: [path], write: () => writeText(resolve(studio.root, path), text) };
}

/** A part of a file that a page sends. */
export const uploadBody = z.strictObject({
  name: z
    .string()
    .regex(/^[\w][\w .-]{0,99}$/, 'must be the name of a file')
    .describe('the name of the file'),
  text: z.string().describe('a part of its text'),
  from: z
    .int()
    .min(0)
    .max(maxUploadParts - 1)
    .describe('the number of the part, counted from 0, which begins the file anew'),
});

/**
 * Takes a file in parts, each behind the last, so that a run can learn from it; it lies beside the runs.
 *
 * @throws InvalidOptionError  for a part that isn't the next: it is here already, or one before it is missing
 */
export async function upload(
  service: Service,
  { name, text, from }: z.output<typeof uploadBody>,
): Promise<Response> {
  const studio = requireStudio(service);
  const path = join(studio.runs, textsFolder, uploadsFolder, name);
  const next = from === 0 ? 0 : (studio.uploads.get(name) ?? 0);
  if (from !== next)
    throw new InvalidOptionError('from', `must be ${next}, the number of the next part of ${name}`, from);
  // the next part is taken from here on, so that of two that are sent at once one alone is
  studio.uploads.set(name, from + 1);
  try {
    await writeText(resolve(studio.root, path), text, from === 0 ? 'w' : 'a');
  } catch (error) {
    studio.uploads.delete(name);
    throw error;
  }
  return Response.json({ path });
}

/** The run that is to go on. */
export const resumeBody = z.strictObject({
  run: knownRun.describe('name of the run'),
  steps: trainingSchema.shape.steps.describe('updates in all [as the run was started with]'),
});

/** Goes on with a run; one that goes on already is left at it. */
export async function resume(
  service: Service,
  { run, steps }: z.output<typeof resumeBody>,
): Promise<Response> {
  const studio = requireStudio(service);
  const directory = await runDirectoryOf(studio, run);
  if (taskOf(studio, run) === undefined && (await isLocked(directory)))
    throw new InvalidOptionError('run', 'must not be trained by another program at the time', run);
  const { learn } = await optionsOfRun(directory);
  const kind = isDistillation(directory) ? 'distill' : learn === 'text' ? 'train' : 'finetune';
  const flags = flagsFor({ resume: join(studio.runs, run), steps });
  // nothing is waited for from here to its start, so that it has no second one
  return Response.json({
    run,
    task: taskOf(studio, run) ?? studio.tasks.start(kind, run, flags),
  });
}

/**
 * Where texts of requests are written, beside the runs: a run may begin in an empty folder alone. No run has such a name, and
 * nobody else may read there.
 */
export const textsFolder = '.texts';
/** Files that were sent lie in a folder of their own in there, so that none is another run's text. */
const uploadsFolder = 'uploads';

const isTaken = (studio: Studio, run: string): boolean =>
  existsSync(join(runsFolder(studio), run)) || studio.claimed.has(run) || taskOf(studio, run) !== undefined;

/** `nano-0`, or with the first number that is free. */
function freeName(studio: Studio, stem: string): string {
  for (let i = 0; ; i++) if (!isTaken(studio, `${stem}-${i}`)) return `${stem}-${i}`;
}

async function writeText(path: string, text: string, flag: 'w' | 'a' = 'w'): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600, flag });
  } catch (error) {
    throw fileProblem(error, path, 'a place for the text');
  }
}

/** @throws InvalidOptionError  for a path that leads out of the working directory or the runs, by itself or by links in it */
async function requireInside(studio: Studio, option: string, path: string): Promise<void> {
  const isOfRuns = path.startsWith(`${studio.runs}/`);
  const root = isOfRuns ? runsFolder(studio) : studio.root;
  try {
    const found = await resolveInside(root, isOfRuns ? path.slice(studio.runs.length + 1) : path);
    if (!(await stat(found)).isDirectory()) return;
    for (const entry of await readdir(found, { recursive: true, withFileTypes: true }))
      if (entry.isSymbolicLink())
        await resolveInside(root, relative(root, join(entry.parentPath, entry.name)));
  } catch {
    throw new InvalidOptionError(option, 'must be a file or directory inside the working directory', path);
  }
}

/** A way to make one, or a place that has one: a model's, or a directory. */
async function tokenizerOf(service: Service, tokenizer: string): Promise<string> {
  if (tokenizer === 'bpe' || tokenizer === 'characters') return tokenizer;
  return pathOfModel(service, 'tokenizer', tokenizer);
}
