import { freeMemory } from '../../base/free-memory.ts';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { flagsFor } from '../../base/options.ts';
import { finetuneSchema } from '../../training/finetune-options.ts';
import { type TrainingRequest, trainingSchema } from '../../training/options.ts';
import { requireEffect } from '../../training/run/option-effects.ts';
import { resolveOptions } from '../../training/run/resolve-options.ts';
import { requireTrainingMemory, sizesIn } from '../../training/training-memory.ts';
import { type Service, requireStudio } from '../http/service.ts';
import { pathOfModel } from './model-routes.ts';
import { optionsOfRun, runDirectoryOf, runName, taskOf } from './run-routes.ts';
import type { Studio } from './studio.ts';

/** What a request says of a run in place of its directory, and of its text. */
const ownFields = {
  run: runName.optional().describe('name of the new run, and of its folder [SIZE-N, finetune-N]'),
  text: z.string().min(1).optional().describe('what is learned, in place of the files of data'),
};

export const trainBody = trainingSchema.omit({ out: true, resume: true }).extend(ownFields);

export const finetuneBody = finetuneSchema
  .omit({ out: true, resume: true })
  .extend({ ...ownFields, from: finetuneSchema.shape.from.unwrap() });

export const startTraining = (service: Service, body: z.output<typeof trainBody>): Promise<Response> =>
  begin(service, 'train', body);

export const startFinetuning = (service: Service, body: z.output<typeof finetuneBody>): Promise<Response> =>
  begin(service, 'finetune', body);

type Asked = Omit<TrainingRequest, 'out' | 'resume'> & { readonly run?: string; readonly text?: string };

/** Starts a run as a program of its own; what can be known to be wrong is told before. */
async function begin(
  service: Service,
  kind: 'train' | 'finetune',
  { run: name, text, ...options }: Asked,
): Promise<Response> {
  const studio = requireStudio(service);
  studio.tasks.checkRoom();
  const { data } = options;
  if ((data === undefined) === (text === undefined))
    throw new InvalidOptionError(
      'data',
      'must name files, or text must hold what they would, and not both',
      data,
    );
  const learn = options.learn ?? (kind === 'finetune' ? 'answers' : 'text');
  const settled = resolveOptions({ ...options, learn, data: data ?? ['text'] });
  requireEffect(options, settled);
  requireTrainingMemory(settled, sizesIn(settled), freeMemory());

  const run = name ?? freeName(studio, learn === 'text' ? settled.size : 'finetune');
  if (isTaken(studio, run))
    throw new InvalidOptionError('run', 'must be the name of no run that is there', run);
  // the name is this run's from here on, whatever is asked meanwhile
  studio.claimed.add(run);
  try {
    for (const path of data ?? []) await requireInside(studio, 'data', path);
    const textPath = join(studio.runs, textsFolder, `${run}.${learn === 'text' ? 'txt' : 'jsonl'}`);
    const flags = flagsFor({
      ...options,
      ...(options.from !== undefined && { from: await pathOfModel(service, 'from', options.from) }),
      ...(options.tokenizer !== undefined && { tokenizer: await tokenizerOf(service, options.tokenizer) }),
      data: data ?? [textPath],
      out: join(studio.runs, run),
    });
    if (text !== undefined) await writeText(join(studio.root, textPath), text);
    return Response.json({ run, task: studio.tasks.start(kind, run, flags) });
  } finally {
    studio.claimed.delete(run);
  }
}

export const resumeBody = z.strictObject({
  run: runName.describe('name of the run'),
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
  const kind = learn === 'text' ? 'train' : 'finetune';
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
const textsFolder = '.texts';

const isTaken = (studio: Studio, run: string): boolean =>
  existsSync(join(studio.root, studio.runs, run)) ||
  studio.claimed.has(run) ||
  taskOf(studio, run) !== undefined;

/** `nano-0`, or with the first number that is free. */
function freeName(studio: Studio, stem: string): string {
  for (let i = 0; ; i++) if (!isTaken(studio, `${stem}-${i}`)) return `${stem}-${i}`;
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  } catch (error) {
    throw fileProblem(error, path, 'a place for the text');
  }
}

/** @throws InvalidOptionError  for a path that leads out of the working directory, by itself or by links in it */
async function requireInside(studio: Studio, option: string, path: string): Promise<void> {
  try {
    const found = await resolveInside(studio.root, path);
    if (!(await stat(found)).isDirectory()) return;
    for (const entry of await readdir(found, { recursive: true, withFileTypes: true }))
      if (entry.isSymbolicLink())
        await resolveInside(studio.root, relative(studio.root, join(entry.parentPath, entry.name)));
  } catch {
    throw new InvalidOptionError(option, 'must be a file or directory inside the working directory', path);
  }
}

/** A way to make one, or a place that has one: a model's, or a directory. */
async function tokenizerOf(service: Service, tokenizer: string): Promise<string> {
  if (tokenizer === 'bpe' || tokenizer === 'characters') return tokenizer;
  return pathOfModel(service, 'tokenizer', tokenizer);
}
