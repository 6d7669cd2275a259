import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileError } from '../base/errors.ts';
import { type FileContent, piecesOf } from './file-content.ts';

/**
 * The few operations that a durable write is made of. An interface, so that a simulated disk that
 * loses power can take the place of the real one. Failures are the operating system's errors, with a `code`.
 */
export interface DurableFs {
  /** Makes one directory. Fails with EEXIST when something of that name exists. */
  makeDirectory(path: string): Promise<void>;
  /** Creates a file for writing. Fails with EEXIST when something of that name exists. */
  create(path: string): Promise<DurableFile>;
  /** Makes what a directory lists durable: the names in it, not what they name. */
  syncDirectory(path: string): Promise<void>;
  /** Gives a file or directory another name at once. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole directory; what is not there is as good as removed. */
  remove(path: string): Promise<void>;
  /** The names in a directory. Fails with ENOENT when there is none. */
  list(path: string): Promise<string[]>;
  /** The bytes of a regular file, piece by piece. A piece may be overwritten once the next one is asked for. */
  read(path: string): AsyncIterable<Uint8Array>;
}

/** A file that is being written. */
export interface DurableFile {
  /** Appends all of the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns when everything written so far would survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The disk. Directories get mode 0700, files 0600. */
export const nodeFs: DurableFs = {
  makeDirectory: (path) => mkdir(path, { mode: 0o700 }),

  async create(path) {
    const handle = await open(path, 'wx', 0o600);
    return {
      write: (bytes) => writeAll(handle, bytes),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },

  async syncDirectory(path) {
    // Windows can't sync a directory: there a rename is as durable as NTFS makes it
    if (process.platform === 'win32') return;
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },

  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  list: (path) => readdir(path),

  async *read(path) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await handle.stat()).isFile()) {
        throw new FileError(path, 'a regular file', 'something else');
      }
      const piece = new Uint8Array(1 << 20);
      for (;;) {
        const { bytesRead } = await handle.read(piece, 0, piece.length, null);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  },
};

/** Writes all of the bytes where the file ends, however few the system takes at a time. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  // the system takes at most 2^31 − 4096 bytes in one call
  const most = 1 << 30;
  for (let start = 0; start < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, start, Math.min(most, bytes.length - start), null);
    start += bytesWritten;
  }
}

/**
 * Writes a file whole or not at all: under a temporary name, synced, renamed over what was there, the directory synced.
 * After an error the old file stands as it was, and the temporary one is gone.
 *
 * @throws an error of the operating system
 */
export async function replaceFile(fs: DurableFs, path: string, content: FileContent): Promise<void> {
  // a name of its own for each call: of several at the same time each is whole, and the last one stands
  const temporary = `${path}.tmp-${process.pid}-${randomInt(2 ** 32)}`;
  try {
    await writeNewFile(fs, temporary, content);
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await fs.syncDirectory(dirname(path));
}

/**
 * Writes and syncs a file that doesn't exist yet. Its name is durable only once its directory was synced.
 *
 * @param seen  is shown each piece before it is written: a hash, a counter
 * @throws an error of the operating system; part of the file may then be there
 */
export async function writeNewFile(
  fs: DurableFs,
  path: string,
  content: FileContent,
  seen?: (piece: Uint8Array) => void,
): Promise<void> {
  const file = await fs.create(path);
  try {
    for await (const piece of piecesOf(content)) {
      seen?.(piece);
      await file.write(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
