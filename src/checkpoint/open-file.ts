import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { FileError, invariant } from '../base/errors.ts';
import { safeSize } from './checked.ts';
import { fileProblem } from './file-problem.ts';
import type { FileIdentity, RangeReader } from './range-reader.ts';

/** A file that ranges are read from, and which file that is. */
export interface OpenFile extends RangeReader {
  readonly identity: FileIdentity;
}

/**
 * Opens a regular file, runs a function with a reader of it and closes it.
 *
 * @param identity  what the file has to be; without it, any file
 * @throws FileError  for what isn't there, isn't a regular file or has changed
 */
export async function withFile<Result>(
  path: string,
  use: (file: OpenFile) => Promise<Result>,
  identity?: FileIdentity,
): Promise<Result> {
  let handle: FileHandle;
  try {
    // O_NONBLOCK: opening a FIFO must not wait for a writer; to a regular file it makes no difference
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be read');
  }
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw new FileError(path, 'a regular file', kindOf(stat), 'check the path');
    const size = safeSize(stat.size);
    if (size === undefined) throw new FileError(path, 'a file of less than 2^53 bytes', `${stat.size} bytes`);
    const found = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    if (identity !== undefined && identity !== found) {
      throw new FileError(path, 'the file as it was when it was opened', 'a changed one', 'load it again');
    }
    return await use({ path, size, identity: found, readInto: readerOf(handle, path, size) });
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be read');
  } finally {
    await handle.close();
  }
}

function readerOf(handle: FileHandle, path: string, size: number): RangeReader['readInto'] {
  return async (target, offset) => {
    invariant(
      Number.isSafeInteger(offset) && offset >= 0 && target.length <= size - offset,
      `bytes ${offset} to ${offset + target.length} are not in the ${size} bytes of ${path}`,
    );
    // the system reads at most 2^31 − 4096 bytes in one call
    const most = 1 << 30;
    for (let done = 0; done < target.length;) {
      const wanted = Math.min(most, target.length - done);
      const { bytesRead } = await handle.read(target, done, wanted, offset + done);
      if (bytesRead === 0) {
        const end = offset + target.length;
        throw new FileError(path, `${end} bytes or more`, `${offset + done}`, 'it was cut while it was read');
      }
      done += bytesRead;
    }
  };
}

function kindOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}
