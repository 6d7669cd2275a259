import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import type { DurableFs } from './durable-fs.ts';
import { errorCode } from './file-problem.ts';

/** Where a run's checkpoint of a step lies. */
export function checkpointDirectory(runDirectory: string, step: number): string {
  return join(runDirectory, 'checkpoints', checkpointName(step));
}

/** The names in a directory; undefined where there is none. */
export async function listIfThere(fs: DurableFs, path: string): Promise<string[] | undefined> {
  try {
    return await fs.list(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The steps among names of checkpoints, ascending. */
export function checkpointSteps(names: readonly string[]): number[] {
  return names
    .flatMap((name) => /^step-(\d{9,15})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The name of the checkpoint of a step. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(9, '0')}`;
}

/** Gives a damaged checkpoint a name of its own. Returns what is to be told of it. */
export async function putAside(
  fs: DurableFs,
  root: string,
  step: number,
  problem: FileError,
): Promise<FileError> {
  const taken = new Set(await fs.list(root));
  let n = 1;
  while (taken.has(`.bad-${checkpointName(step)}-${n}`)) n++;
  const aside = `.bad-${checkpointName(step)}-${n}`;
  await fs.rename(join(root, checkpointName(step)), join(root, aside));
  return new FileError(
    join(root, checkpointName(step)),
    'a whole checkpoint',
    problem.message,
    `it was put aside as ${aside}`,
    {
      cause: problem,
    },
  );
}
