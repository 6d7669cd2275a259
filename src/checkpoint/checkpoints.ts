import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { FileError, invariant, show } from '../base/errors.ts';
import { checkpointName, putAside } from './checkpoint-names.ts';
import { type DurableFs, nodeFs, writeNewFile } from './durable-fs.ts';
import type { FileContent } from './file-content.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import { makeDirectories } from './make-directories.ts';
import {
  isPlainName,
  type ManifestEntry,
  manifestName,
  manifestText,
  readManifestText,
  verifyCheckpoint,
} from './manifest.ts';
import { makeRoom, retain } from './retain-checkpoints.ts';

/**
 * Checkpoints of a run, in RUN/checkpoints/step-000001200/. A directory of that name is complete and durable:
 * it got its name by a rename after every file in it, and it itself, was synced. What is being written is
 * `.tmp-…`, what is being deleted `.trash-…`, what was found damaged `.bad-…`.
 * Only one program may write a run at a time: hold the lock of lock.ts.
 */

/** Which checkpoints stay when one is saved, and where. */
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
      const directory = join(root, checkpointName(step));
      const retentionError = await retain(fs, root, { keep, best, deleted });
      return { saved: true, directory, bytes, deleted, ...(retentionError && { retentionError }) };
    } catch (error) {
      const problem = fileProblem(error, join(root, checkpointName(step)), 'room to save a checkpoint');
      if (!isFull(error)) return { saved: false, error: problem, deleted };
      const freed = await makeRoom(fs, root, best);
      if (freed === undefined) return { saved: false, error: problem, deleted };
      deleted.push(freed);
    }
  }
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

  const final = join(root, checkpointName(step));
  const temporary = join(root, `.tmp-${checkpointName(step)}`);
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
  if (!(await fs.list(root)).includes(checkpointName(step))) return false;
  const directory = join(root, checkpointName(step));
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

/** Syncs a directory, unless it belongs to somebody who doesn't let us: then its names aren't ours either. */
async function syncIfAllowed(fs: DurableFs, path: string): Promise<void> {
  try {
    await fs.syncDirectory(path);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}
