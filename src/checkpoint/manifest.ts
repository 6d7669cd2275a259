import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { FileError, show, UnsupportedError } from '../base/errors.ts';
import { bytesText } from '../base/format-bytes.ts';
import type { DurableFs } from './durable-fs.ts';
import { errorCode, fileProblem } from './file-problem.ts';

/** What is in a checkpoint, written last: with it the checkpoint is complete, and by it every byte is checked. */
export interface Manifest {
  readonly format: 1;
  readonly step: number;
  readonly files: Readonly<Record<string, ManifestEntry>>;
}

/** What a file of a checkpoint has to be. */
export interface ManifestEntry {
  readonly bytes: number;
  readonly sha256: string;
}

/** The file of a checkpoint that lists the others, written last. */
export const manifestName = 'MANIFEST.json';
/** A longer one is none of ours. */
const mostBytes = 2 ** 20;

/** The text of a manifest: JSON with a checksum of its own. */
export function manifestText(manifest: Manifest): string {
  const checksum = sha256Of(JSON.stringify(manifest));
  return `${JSON.stringify({ ...manifest, checksum }, undefined, 1)}\n`;
}

/**
 * Reads a checkpoint through and compares it with its manifest.
 *
 * @param step  the step that the directory's name says
 * @returns     the path of each file by name, or the problem when the checkpoint is damaged
 * @throws UnsupportedError  for a checkpoint of a newer format, and errors of the operating system that prove no
 *   damage: too few file handles must not cost a good checkpoint
 */
export async function verifyCheckpoint(
  fs: DurableFs,
  directory: string,
  step: number,
): Promise<ReadonlyMap<string, string> | FileError> {
  try {
    const path = join(directory, manifestName);
    const manifest = parseManifest(await readManifestText(fs, directory), path);
    if (manifest.step !== step) throw new FileError(path, `step ${step}`, `step ${show(manifest.step)}`);
    const files = new Map<string, string>();
    for (const [name, entry] of Object.entries(manifest.files)) {
      await verifyFile(fs, join(directory, name), entry);
      files.set(name, join(directory, name));
    }
    return files;
  } catch (error) {
    if (error instanceof FileError) return error;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO'].includes(errorCode(error) ?? '')) {
      return fileProblem(error, directory, 'every file that its manifest names, readable');
    }
    throw error;
  }
}

async function verifyFile(fs: DurableFs, path: string, expected: ManifestEntry): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of fs.read(path)) {
    hash.update(piece);
    bytes += piece.length;
    if (bytes > expected.bytes) break;
  }
  if (bytes !== expected.bytes) {
    throw new FileError(path, `${expected.bytes} bytes`, bytes > expected.bytes ? 'more' : `${bytes}`);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) throw new FileError(path, `SHA-256 ${expected.sha256}`, sha256);
}

/** The text of a checkpoint's manifest. @throws FileError  when it's too long to be one, or an error of the operating system */
export async function readManifestText(fs: DurableFs, directory: string): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of fs.read(join(directory, manifestName))) {
    bytes += piece.length;
    if (bytes > mostBytes)
      throw new FileError(join(directory, manifestName), `at most ${bytesText(mostBytes)}`, 'more');
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** @throws FileError  unless the text has the content that `manifestText` gave it */
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
  if (checksum !== sha256Of(JSON.stringify(manifest))) {
    throw new FileError(path, `content with the checksum ${show(checksum)}`, 'content with another one');
  }
  // with the right checksum it's ours, so that beyond the format nothing needs a check but what could lead elsewhere
  const { format, files } = manifest as Partial<Manifest>;
  if (format !== 1 || typeof files !== 'object' || files === null) {
    // not damage: it must not be put aside
    throw new UnsupportedError(`${path}: manifest format ${show(format)} needs a newer version of unmask`);
  }
  for (const name of Object.keys(files)) {
    if (!isPlainName(name)) throw new FileError(path, 'plain file names', show(name));
  }
  return manifest as Manifest;
}

/** Whether a name neither leads out of a directory, nor hides in it, nor is special to an object. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && basename(name) === name;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
