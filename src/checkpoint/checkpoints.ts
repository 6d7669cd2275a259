import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { FileError, invariant, show } from '../base/errors.ts';
import { type DurableFs, nodeFs, writeNewFile } from './durable-fs.ts';
import type { FileContent } from './file-content.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import {
  isPlainName,
  type ManifestEntry,
  manifestName,
  manifestText,
  readManifestText,
  verifyCheckpoint,
} from './manifest.ts';

/**
 * Checkpoints of a run, in RUN/checkpoints/step-000001200/. A directory of that name is complete and durable:
 * it got its name by a rename after every file in it, and it itself, was synced. What is being written is
 * `.tmp-…`, what is being deleted `.trash-…`, what was found damaged `.bad-…`.
 * Only one program may write a run at a time: hold the lock of lock.ts.
 */

/** A checkpoint that was read and found whole. */
export interface Checkpoint {
  readonly step: number;
  readonly directory: string;
  /** The path of each file, by the name it was saved under. */
  readonly files: ReadonlyMap<string, string>;
}

export interface SaveOptions {
  /** How many of the newest checkpoints stay, at least 2. Default 3. */
  readonly keep?: number;
  /** The step of a checkpoint that stays whatever its age. */
  readonly best?: number;
  readonly fs?: DurableFs;
}

/** What came of a save. A run goes on without a checkpoint, so a full disk is told, not thrown. */
export type SaveResult = {
  /** Steps whose checkpoints were deleted, as retention asked or to make room. */
  readonly deleted: readonly number[];
} & (
  | {
      readonly saved: true;
      readonly directory: string;
      readonly bytes: number;
      /** Why older checkpoints could not be deleted, if so; the new one is safe all the same. */
      readonly retentionError?: FileError;
    }
  | { readonly saved: false; readonly error: FileError }
);

export interface FindOptions {
  /** Changes nothing on the disk: for programs that look at a run without holding its lock. */
  readonly readOnly?: boolean;
  readonly fs?: DurableFs;
}

export interface FoundCheckpoints {
  /** The newest whole checkpoint; absent when the run has never finished saving one. */
  readonly latest?: Checkpoint;
  /** One for each newer checkpoint that was damaged: what is wrong with it, and where it was put aside. */
  readonly damaged: readonly FileError[];
}

/** Where a run's checkpoint of a step lies. */
export function checkpointDirectory(runDirectory: string, step: number): string {
  return join(runDirectory, 'checkpoints', nameOf(step));
}

/**
 * Saves a checkpoint so that a power cut at any moment leaves either all of it or none of it, then deletes old ones.
 *
 * When the disk is full the oldest checkpoints go, one by one, while a newer one that was verified remains.
 * Saving the same content again for the same step changes nothing.
 *
 * @param step   a whole number ≥ 0
 * @param files  content by file name (letters, digits, `.`, `_`, `-`); a function is called again when a save is tried again
 * @returns      `saved: false` with the reason when the disk refuses; nothing half-written is left behind
 */
export async function saveCheckpoint(
  runDirectory: string,
  step: number,
  files: ReadonlyMap<string, FileContent>,
  { keep = 3, best, fs = nodeFs }: SaveOptions = {},
): Promise<SaveResult> {
  invariant(Number.isSafeInteger(step) && step >= 0, `a checkpoint's step is a whole number, not ${step}`);
  invariant(Number.isSafeInteger(keep) && keep >= 2, `at least 2 checkpoints are kept, not ${keep}`);
  for (const name of files.keys()) {
    invariant(isPlainName(name) && name !== manifestName, `${show(name)} is no name of a checkpoint's file`);
  }

  const root = join(runDirectory, 'checkpoints');
  const deleted: number[] = [];
  for (;;) {
    try {
      const bytes = await writeCheckpoint(fs, runDirectory, step, files);
      const directory = join(root, nameOf(step));
      const retentionError = await retain(fs, root, { keep, best, deleted });
      return { saved: true, directory, bytes, deleted, ...(retentionError && { retentionError }) };
    } catch (error) {
      const problem = fileProblem(error, join(root, nameOf(step)), 'room to save a checkpoint');
      if (!isFull(error)) return { saved: false, error: problem, deleted };
      const freed = await makeRoom(fs, root, best);
      if (freed === undefined) return { saved: false, error: problem, deleted };
      deleted.push(freed);
    }
  }
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
    for (const step of stepsOf(names).toReversed()) {
      const directory = join(root, nameOf(step));
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

/** Makes a directory and those above it that are missing; each new name is durable when this returns. */
export async function makeDirectories(fs: DurableFs, path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await fs.makeDirectory(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(fs, parent);
    await fs.makeDirectory(path);
  }
  await fs.syncDirectory(parent);
}

/** The protocol itself. Returns the number of bytes when the checkpoint is durable under its final name. */
async function writeCheckpoint(
  fs: DurableFs,
  runDirectory: string,
  step: number,
  files: ReadonlyMap<string, FileContent>,
): Promise<number> {
  const root = join(runDirectory, 'checkpoints');
  await makeDirectories(fs, root);
  // even if the directories were there: whoever made them may have been killed before this
  await fs.syncDirectory(runDirectory);
  await syncIfAllowed(fs, dirname(runDirectory));

  const final = join(root, nameOf(step));
  const temporary = join(root, `.tmp-${nameOf(step)}`);
  await fs.remove(temporary);
  let renamed = false;
  try {
    await fs.makeDirectory(temporary);
    const entries: Record<string, ManifestEntry> = {};
    for (const [name, content] of files) {
      const hash = createHash('sha256');
      let bytes = 0;
      await writeNewFile(fs, join(temporary, name), content, (piece) => {
        hash.update(piece);
        bytes += piece.length;
      });
      entries[name] = { bytes, sha256: hash.digest('hex') };
    }
    const manifest = manifestText({ format: 1, step, files: entries });
    await writeNewFile(fs, join(temporary, manifestName), Buffer.from(manifest));
    await fs.syncDirectory(temporary);
    if (!(await standsAlready(fs, root, step, manifest))) {
      await fs.rename(temporary, final);
      renamed = true;
    }
    await fs.syncDirectory(root);
    await fs.remove(temporary);
    return Object.values(entries).reduce((sum, { bytes }) => sum + bytes, Buffer.byteLength(manifest));
  } catch (error) {
    // a name that may not be durable is taken back, or older checkpoints would be deleted in its favour
    if (renamed) await fs.rename(final, temporary).catch(() => {});
    // the first error is the one to tell; what can't be removed now goes at the next start
    await fs.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Whether a whole checkpoint with the same manifest has the name already; a damaged one is put aside. */
async function standsAlready(fs: DurableFs, root: string, step: number, manifest: string): Promise<boolean> {
  if (!(await fs.list(root)).includes(nameOf(step))) return false;
  const directory = join(root, nameOf(step));
  const files = await verifyCheckpoint(fs, directory, step);
  if (files instanceof FileError) {
    await putAside(fs, root, step, files);
    return false;
  }
  if ((await readManifestText(fs, directory)) === manifest) return true;
  throw new FileError(
    directory,
    `no checkpoint of step ${step}, or the same one`,
    'a whole one with another content',
    'a run continues from its newest checkpoint; move this one away to write another',
  );
}

/** Deletes what retention doesn't keep. Returns what went wrong, if anything: the new checkpoint stands all the same. */
async function retain(
  fs: DurableFs,
  root: string,
  { keep, best, deleted }: { keep: number; best: number | undefined; deleted: number[] },
): Promise<FileError | undefined> {
  try {
    const steps = stepsOf(await fs.list(root));
    for (const step of steps.slice(0, -keep).filter((step) => step !== best)) {
      await deleteCheckpoint(fs, root, step);
      deleted.push(step);
    }
    return undefined;
  } catch (error) {
    return fileProblem(error, root, 'to be able to delete old checkpoints');
  }
}

/** Deletes a checkpoint to make room for a new one. Returns its step, or undefined if none may go or can be deleted. */
async function makeRoom(fs: DurableFs, root: string, best: number | undefined): Promise<number | undefined> {
  try {
    const oldest = await oldestToSpare(fs, root, best);
    if (oldest !== undefined) await deleteCheckpoint(fs, root, oldest);
    return oldest;
  } catch (error) {
    fileProblem(error, root, 'to be able to delete old checkpoints'); // throws what isn't the disk's fault
    return undefined; // the full disk is the error to tell
  }
}

/** The oldest checkpoint that is neither the best nor the newest whole one: without a whole one, none. */
async function oldestToSpare(
  fs: DurableFs,
  root: string,
  best: number | undefined,
): Promise<number | undefined> {
  const steps = stepsOf((await listIfThere(fs, root)) ?? []);
  for (const whole of steps.toReversed()) {
    const files = await verifyCheckpoint(fs, join(root, nameOf(whole)), whole);
    if (!(files instanceof FileError)) return steps.find((step) => step !== best && step !== whole);
  }
  return undefined;
}

async function deleteCheckpoint(fs: DurableFs, root: string, step: number): Promise<void> {
  const trash = join(root, `.trash-${nameOf(step)}`);
  await fs.remove(trash);
  await fs.rename(join(root, nameOf(step)), trash);
  // otherwise a power cut could bring the name back with half of its files gone
  await fs.syncDirectory(root);
  await fs.remove(trash);
}

async function putAside(fs: DurableFs, root: string, step: number, problem: FileError): Promise<FileError> {
  const taken = new Set(await fs.list(root));
  let n = 1;
  while (taken.has(`.bad-${nameOf(step)}-${n}`)) n++;
  const aside = `.bad-${nameOf(step)}-${n}`;
  await fs.rename(join(root, nameOf(step)), join(root, aside));
  return new FileError(
    join(root, nameOf(step)),
    'a whole checkpoint',
    problem.message,
    `it was put aside as ${aside}`,
    {
      cause: problem,
    },
  );
}

/** Syncs a directory, unless it belongs to somebody who doesn't let us: then its names aren't ours either. */
async function syncIfAllowed(fs: DurableFs, path: string): Promise<void> {
  try {
    await fs.syncDirectory(path);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}

async function listIfThere(fs: DurableFs, path: string): Promise<string[] | undefined> {
  try {
    return await fs.list(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The steps among names of checkpoints, ascending. */
function stepsOf(names: readonly string[]): number[] {
  return names
    .flatMap((name) => /^step-(\d{9,15})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(9, '0')}`;
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}
