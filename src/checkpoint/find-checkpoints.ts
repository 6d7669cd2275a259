import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { listIfThere, checkpointName, putAside, checkpointSteps } from './checkpoint-names.ts';
import { type DurableFs, nodeFs } from './durable-fs.ts';
import { fileProblem } from './file-problem.ts';
import { verifyCheckpoint } from './manifest.ts';

/** A checkpoint that was read and found whole. */
export interface Checkpoint {
  readonly step: number;
  readonly directory: string;
  /** The path of each file, by the name it was saved under. */
  readonly files: ReadonlyMap<string, string>;
}

/** How checkpoints are looked for. */
export interface FindOptions {
  /** Changes nothing on the disk: for programs that look at a run without holding its lock. */
  readonly readOnly?: boolean;
  readonly fs?: DurableFs;
}

/** What a directory of checkpoints holds. */
export interface FoundCheckpoints {
  /** The newest whole checkpoint; absent when the run has never finished saving one. */
  readonly latest?: Checkpoint;
  /** One for each newer checkpoint that was damaged: what is wrong with it, and where it was put aside. */
  readonly damaged: readonly FileError[];
}

/**
 * Finds the newest checkpoint that is whole, by sizes and SHA-256 of its files. Left-overs of interrupted saves
 * and deletions are removed; damaged checkpoints are put aside as `.bad-…`.
 *
 * @throws FileError  when there are checkpoints but none is whole: a run never starts again from zero by itself
 */
export async function findCheckpoints(
  runDirectory: string,
  { fs = nodeFs, readOnly = false }: FindOptions = {},
): Promise<FoundCheckpoints> {
  const root = join(runDirectory, 'checkpoints');
  const damaged: FileError[] = [];
  let latest: Checkpoint | undefined;
  try {
    const names = await listIfThere(fs, root);
    if (names === undefined) return { damaged };
    const leftOvers = names.filter((name) => /^\.(tmp|trash)-/.test(name));
    for (const name of readOnly ? [] : leftOvers) await fs.remove(join(root, name));
    let bad = names.filter((name) => name.startsWith('.bad-')).length;
    for (const step of checkpointSteps(names).toReversed()) {
      const directory = join(root, checkpointName(step));
      const files = await verifyCheckpoint(fs, directory, step);
      if (!(files instanceof FileError)) {
        latest = { step, directory, files };
        break;
      }
      damaged.push(readOnly ? files : await putAside(fs, root, step, files));
      bad++;
    }
    if (!readOnly) await fs.syncDirectory(root);
    if (latest !== undefined || bad === 0) return { damaged, ...(latest && { latest }) };
  } catch (error) {
    throw fileProblem(error, root, 'checkpoints that can be read');
  }
  throw new FileError(
    root,
    'at least one whole checkpoint',
    damaged.length > 0
      ? `only damaged ones (${damaged[0].message})`
      : 'only damaged ones, put aside as .bad-…',
    'put a good copy back as step-…, or delete the directory to begin again from step 0',
  );
}

/** The newest whole checkpoint of a run, or undefined for a run that never saved one. @throws FileError  as `findCheckpoints` */
export async function latestCheckpoint(
  runDirectory: string,
  options?: FindOptions,
): Promise<Checkpoint | undefined> {
  return (await findCheckpoints(runDirectory, options)).latest;
}
