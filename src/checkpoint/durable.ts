import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { FileError, invariant, show } from '../errors.ts';
import { type DurableFs, type FileContent, nodeFs, writeNewFile } from './durable-fs.ts';
import { errorCode, fileProblem } from './file-problem.ts';

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

export interface FoundCheckpoints {
  /** The newest whole checkpoint; absent when the run has never finished saving one. */
  readonly latest?: Checkpoint;
  /** One for each newer checkpoint that was damaged: what is wrong with it, and where it was put aside. */
  readonly damaged: readonly FileError[];
}

interface Manifest {
  readonly format: 1;
  readonly step: number;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

const manifestName = 'MANIFEST.json';

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
      const freed = await makeRoom(fs, root, best).catch(() => undefined);
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
  { fs = nodeFs }: { fs?: DurableFs } = {},
): Promise<FoundCheckpoints> {
  const root = join(runDirectory, 'checkpoints');
  const damaged: FileError[] = [];
  let latest: Checkpoint | undefined;
  try {
    const names = await listIfThere(fs, root);
    if (names === undefined) return { damaged };
    for (const name of names.filter((name) => name.startsWith('.tmp-') || name.startsWith('.trash-'))) {
      await fs.remove(join(root, name));
    }
    let putAside = names.filter((name) => name.startsWith('.bad-')).length;
    for (const step of stepsOf(names).reverse()) {
      const checked = await verify(fs, root, step);
      if (!(checked instanceof FileError)) {
        latest = checked;
        break;
      }
      damaged.push(await putAsideAs(fs, root, step, checked));
      putAside++;
    }
    await fs.syncDirectory(root);
    if (latest !== undefined || putAside === 0) return { damaged, ...(latest && { latest }) };
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
  options?: { fs?: DurableFs },
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
  // even if the directory was there: whoever made it may have been killed before this
  await fs.syncDirectory(runDirectory);

  const temporary = join(root, `.tmp-${nameOf(step)}`);
  await fs.remove(temporary);
  try {
    await fs.makeDirectory(temporary);
    const entries: Record<string, { bytes: number; sha256: string }> = {};
    for (const [name, content] of files) {
      const hash = createHash('sha256');
      let bytes = 0;
      await writeNewFile(fs, join(temporary, name), content, (piece) => {
        hash.update(piece);
        bytes += piece.length;
      });
      entries[name] = { bytes, sha256: hash.digest('hex') };
    }
    const text = manifestText({ format: 1, step, files: entries });
    await writeNewFile(fs, join(temporary, manifestName), Buffer.from(text));
    await fs.syncDirectory(temporary);
    if (!(await standsAlready(fs, root, step, text))) {
      await fs.rename(temporary, join(root, nameOf(step)));
    }
    await fs.syncDirectory(root);
    await fs.remove(temporary);
    return Object.values(entries).reduce((sum, { bytes }) => sum + bytes, Buffer.byteLength(text));
  } catch (error) {
    await fs.remove(temporary).catch(() => {}); // the first error is the one to tell; a left-over goes at the next start
    throw error;
  }
}

/** Whether a whole checkpoint with the same manifest has the name already; a damaged one is put aside. */
async function standsAlready(fs: DurableFs, root: string, step: number, manifest: string): Promise<boolean> {
  if (!((await listIfThere(fs, root)) ?? []).includes(nameOf(step))) return false;
  const checked = await verify(fs, root, step);
  if (checked instanceof FileError) {
    await putAsideAs(fs, root, step, checked);
    return false;
  }
  const directory = join(root, nameOf(step));
  if ((await readText(fs, join(directory, manifestName))) === manifest) return true;
  throw new FileError(
    directory,
    `no checkpoint of step ${step}, or the same one`,
    'another one that is whole',
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

/** Deletes the oldest checkpoint that is neither the best nor the newest whole one. Returns its step, or undefined if there is none. */
async function makeRoom(fs: DurableFs, root: string, best: number | undefined): Promise<number | undefined> {
  const steps = stepsOf((await listIfThere(fs, root)) ?? []);
  let whole: number | undefined;
  for (const step of steps.toReversed()) {
    if ((await verify(fs, root, step)) instanceof FileError) continue;
    whole = step;
    break;
  }
  if (whole === undefined) return undefined;
  const oldest = steps.find((step) => step !== best && step !== whole);
  if (oldest !== undefined) await deleteCheckpoint(fs, root, oldest);
  return oldest;
}

async function deleteCheckpoint(fs: DurableFs, root: string, step: number): Promise<void> {
  const trash = join(root, `.trash-${nameOf(step)}`);
  await fs.remove(trash);
  await fs.rename(join(root, nameOf(step)), trash);
  // otherwise a power cut could bring the name back with half of its files gone
  await fs.syncDirectory(root);
  await fs.remove(trash);
}

async function putAsideAs(fs: DurableFs, root: string, step: number, problem: FileError): Promise<FileError> {
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

/** Reads a checkpoint through and compares it with its manifest. Gives the problem, rather than throws it, when it is damaged. */
async function verify(fs: DurableFs, root: string, step: number): Promise<Checkpoint | FileError> {
  const directory = join(root, nameOf(step));
  const files = new Map<string, string>();
  try {
    const manifest = parseManifest(
      await readText(fs, join(directory, manifestName)),
      join(directory, manifestName),
    );
    if (manifest.step !== step) {
      return new FileError(join(directory, manifestName), `step ${step}`, `step ${show(manifest.step)}`);
    }
    for (const [name, expected] of Object.entries(manifest.files)) {
      const path = join(directory, name);
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const piece of fs.read(path)) {
        hash.update(piece);
        bytes += piece.length;
        if (bytes > expected.bytes) break;
      }
      if (bytes !== expected.bytes) {
        return new FileError(path, `${expected.bytes} bytes`, bytes > expected.bytes ? 'more' : `${bytes}`);
      }
      const sha256 = hash.digest('hex');
      if (sha256 !== expected.sha256) return new FileError(path, `SHA-256 ${expected.sha256}`, sha256);
      files.set(name, path);
    }
  } catch (error) {
    // only what is certainly damage: a disk that is out of file handles must not cost a good checkpoint
    if (error instanceof FileError) return error;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO'].includes(errorCode(error) ?? '')) {
      return fileProblem(error, directory, 'a file that the manifest names');
    }
    throw error;
  }
  return { step, directory, files };
}

function manifestText(manifest: Manifest): string {
  const body = JSON.stringify(manifest);
  return `${JSON.stringify({ ...manifest, checksum: sha256Of(body) }, undefined, 1)}\n`;
}

/** @throws FileError  unless the text is exactly what `manifestText` writes */
function parseManifest(text: string, path: string): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, 'a manifest in JSON', 'text that is not JSON', undefined, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || !('checksum' in parsed)) {
    throw new FileError(path, 'a manifest with a checksum', 'another text');
  }
  const { checksum, ...manifest } = parsed;
  // the shape needs no other check: whoever can make a checksum can make a manifest
  if (checksum !== sha256Of(JSON.stringify(manifest))) {
    throw new FileError(path, `checksum ${show(checksum)}`, 'content with another one');
  }
  const { format, files } = manifest as Manifest;
  if (format !== 1)
    throw new FileError(path, 'manifest format 1', show(format), 'use a newer version of unmask');
  for (const name of Object.keys(files)) {
    if (!isPlainName(name)) throw new FileError(path, 'plain file names', show(name));
  }
  return manifest as Manifest;
}

async function readText(fs: DurableFs, path: string): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of fs.read(path)) {
    bytes += piece.length;
    if (bytes > 1 << 20) throw new FileError(path, 'a manifest of at most 1 MiB', 'more');
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString('utf8');
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

/** A name that can't lead out of a directory or hide in it. */
function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name);
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}
