import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonBytes } from '../base/utf8.ts';
import { nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import { lockRun } from '../checkpoint/lock.ts';
import { requireOwnFiles } from '../checkpoint/own-files.ts';
import { readJsonObject } from '../checkpoint/read-json.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { checkOptions, withoutAbsent } from '../base/options.ts';
import { load } from '../language-model/load.ts';
import { writeCarefulTexts } from './careful-texts.ts';
import { createTrainingJob } from './create-job.ts';
import { distillDefaults, type DistillRequest, distillSchema } from './distill-options.ts';
import type { TrainingRequest } from './options.ts';
import type { RunIo, RunOutcome } from './run/run-loop.ts';
import { runTraining } from './run/run.ts';

/** Files of a distillation's directory; the training run lies in `run/`. */
const names = { options: 'distill.json', texts: 'texts.jsonl', run: 'run' } as const;

/** What a distillation tells beside its training run: texts that are written, of all. */
export interface DistillIo extends RunIo {
  readonly onText?: (done: number, all: number) => Promise<void> | void;
}

/**
 * Teaches a masked diffusion model to write several tokens a forward: it writes texts carefully, one token a denoising step,
 * and then learns to be sure of what it predicts rightly in them, held to what it said before on real text
 * (`certaintyLoss`, `distillation`). Stopped at any moment, the same call goes on.
 *
 * @returns  as a training run, and where that lies
 * @throws InvalidOptionError  where the options are not those that the directory was begun with
 * @throws FileError           where another program is at it
 */
export async function runDistillation(
  request: DistillRequest,
  io: DistillIo,
): Promise<RunOutcome & { readonly run: string }> {
  const { directory } = await askedDistillation(request);
  await mkdir(directory, { recursive: true });
  const note = (text: string): void => io.note({ kind: 'note', text });
  const lock = await lockRun(directory, { note, signal: io.stop });
  try {
    await requireOwnFiles(directory, [names.options, names.texts, names.run]);
    // once more: another program may have begun it meanwhile
    const { options, isBegun } = await askedDistillation(request);
    if (!isBegun) await replaceFile(nodeFs, join(directory, names.options), jsonBytes(options));
    return await distillIn(directory, options, io);
  } finally {
    await lock.release();
  }
}

/** Writes the texts, and learns from them, with the lock held. */
async function distillIn(
  directory: string,
  options: DistillOptions,
  io: DistillIo,
): ReturnType<typeof runDistillation> {
  const { from, data, texts, length, block, temperature, guard, ...training } = options;
  const file = join(directory, names.texts);
  const model = await load(from, { device: training.device });
  try {
    const longest = model.config.maxLength;
    await writeCarefulTexts(model, file, {
      texts,
      data,
      block,
      temperature,
      seed: training.seed,
      length: length ?? longest,
      signal: io.stop,
      onText: io.onText,
    });
    const run = {
      ...training,
      from,
      data: [file],
      ...(guard > 0 && { guardData: data, guard }),
      certaintyBlock: block,
      length: length ?? longest,
      out: join(directory, names.run),
    } satisfies TrainingRequest;
    return { ...(await runTraining(run, createTrainingJob, io)), run: run.out };
  } finally {
    await model.close();
  }
}

type DistillOptions = Required<Pick<DistillRequest, 'from' | 'data' | keyof typeof distillDefaults>> &
  Omit<DistillRequest, 'out' | 'resume'>;

/** The options of a new directory, or those that one was begun with. Nothing is written. */
async function askedDistillation({ out, resume, ...request }: DistillRequest): Promise<{
  readonly directory: string;
  readonly options: DistillOptions;
  readonly isBegun: boolean;
}> {
  const given = withoutAbsent(request);
  const directory = resume ?? out ?? join('runs', `distill-${request.seed ?? distillDefaults.seed}`);
  const path = join(directory, names.options);
  const recorded = existsSync(path)
    ? (checkOptions(distillSchema, { ...(await readJsonObject(path)) }) as DistillOptions)
    : undefined;
  if (recorded) {
    for (const [key, value] of Object.entries(given))
      if (JSON.stringify(value) !== JSON.stringify(recorded[key as keyof DistillOptions]))
        throw new InvalidOptionError(
          key,
          `was ${JSON.stringify(recorded[key as keyof DistillOptions])} when ${directory} was begun; give another --out`,
          value,
        );
    return { directory, options: recorded, isBegun: true };
  }
  if (resume !== undefined)
    throw new FileError(
      resume,
      `a directory of unmask distill`,
      'none',
      'check the path, or begin one with --out',
    );
  for (const key of ['from', 'data'] as const)
    if (request[key] === undefined)
      throw new InvalidOptionError(key, key === 'from' ? 'names the model' : 'names real text', undefined);
  return { directory, options: { ...distillDefaults, ...given } as DistillOptions, isBegun: false };
}
