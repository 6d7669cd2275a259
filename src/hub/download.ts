import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeFs } from '../checkpoint/durable-fs.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import { FileError, show } from '../base/errors.ts';
import { ask, type Connection, Patience, TransientError } from './connection.ts';
import { type RemoteFile, requireGood } from './remote.ts';

/** So much has to arrive between two failures for the first to be forgotten. */
const progressBytes = 1 << 20;

/**
 * Downloads a file to a path, whole and with its hash, or not at all. What an earlier attempt left in `path.part` is
 * used, and stays there when this one is stopped too. Bytes are written at their own place in the file, so that two
 * writers, who shouldn't be there, would do no harm.
 *
 * @param seen  is told the bytes of the file that are there, and how many of them came just now
 * @throws FileError  when the server gives up, sends something else, or the disk refuses
 */
export async function downloadFile(
  connection: Connection,
  file: RemoteFile,
  path: string,
  seen: (doneBytes: number, receivedBytes: number) => void,
): Promise<void> {
  const part = `${path}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(part, constants.O_RDWR | constants.O_CREAT);
    try {
      await fill(connection, file, handle, seen);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
    await nodeFs.syncDirectory(dirname(path));
  } catch (error) {
    // bytes that are not the file's are of no use to the next attempt
    if (error instanceof WrongContent) await rm(part, { force: true });
    if (error instanceof WrongContent || connection.signal?.aborted) throw error;
    throw fileProblem(error, path, 'a file that can be written');
  }
}

/** Bytes that can't be the file's. */
class WrongContent extends FileError {}

/** A file of which the beginning may be there. */
class PartialFile {
  readonly #file: RemoteFile;
  readonly #handle: FileHandle;
  readonly #seen: (doneBytes: number, receivedBytes: number) => void;
  #hash: Hash;
  /** Bytes that are there. */
  done = 0;

  constructor(
    file: RemoteFile,
    handle: FileHandle,
    seen: (doneBytes: number, receivedBytes: number) => void,
  ) {
    this.#file = file;
    this.#handle = handle;
    this.#seen = seen;
    this.#hash = hashOf(file);
  }

  /** Reads what is there. @returns whether that is anything */
  async read(): Promise<boolean> {
    for await (const piece of contentOf(this.#handle)) {
      this.#hash.update(piece);
      this.done += piece.length;
    }
    const isThere = this.done > 0;
    if (this.done > this.#file.size) await this.restart();
    this.#seen(this.done, 0);
    return isThere;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = hashOf(this.#file);
    this.done = 0;
    this.#seen(0, 0);
  }

  /** @throws WrongContent  for more than the file has */
  async add(piece: Uint8Array): Promise<void> {
    const { size, url } = this.#file;
    if (this.done + piece.length > size)
      throw new WrongContent(url, `${size} bytes, as the server said`, 'more', 'try again later');
    await write(this.#handle, piece, this.done);
    this.#hash.update(piece);
    this.done += piece.length;
    this.#seen(this.done, piece.length);
  }

  /** Of all that is there; the file can't go on after that. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

async function fill(
  connection: Connection,
  file: RemoteFile,
  handle: FileHandle,
  seen: (doneBytes: number, receivedBytes: number) => void,
): Promise<void> {
  const partial = new PartialFile(file, handle, seen);
  let isResumed = await partial.read();
  const patience = new Patience(connection);
  for (let mark = partial.done; ;) {
    try {
      await receiveRest(connection, file, partial);
      const found = partial.digest();
      if (found === file.hash) return;
      if (!isResumed)
        throw new WrongContent(file.url, `content with the hash ${file.hash}`, found, 'try again later');
      // what lay there may have been damaged: once more, all of it
      isResumed = false;
      await partial.restart();
    } catch (error) {
      if (partial.done >= mark + progressBytes) {
        patience.renew();
        mark = partial.done;
      }
      await patience.after(error);
    }
  }
}

/** @throws TransientError  where the connection ends before the file does */
async function receiveRest(connection: Connection, file: RemoteFile, partial: PartialFile): Promise<void> {
  if (partial.done >= file.size) return;
  const { from, pieces } = await requestFrom(connection, file, partial.done);
  if (from !== partial.done) await partial.restart();
  for await (const piece of pieces) await partial.add(piece);
  if (partial.done >= file.size) return;
  const found = `an end after ${partial.done}`;
  throw new TransientError(new FileError(file.url, `${file.size} bytes`, found, 'try again later'));
}

/** The rest of a file from an offset; from 0 where the server has no parts to give. */
async function requestFrom(
  connection: Connection,
  file: RemoteFile,
  offset: number,
): Promise<{ from: number; pieces: AsyncGenerator<Uint8Array> }> {
  const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
  const answer = await ask(connection, file.url, file.url, { headers });
  // a file that is shorter than was said: what is there can't be its beginning
  if (answer.status === 416) {
    answer.discard();
    throw new WrongContent(file.url, `${file.size} bytes, as the server said`, 'fewer', 'try again later');
  }
  await requireGood(answer, file.url, '', connection.token !== undefined);
  if (answer.status !== 206) return { from: 0, pieces: answer.pieces() };
  const range = answer.headers.get('content-range') ?? '';
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (Number(from) !== offset || (size !== '*' && Number(size) !== file.size)) {
    answer.discard();
    throw new WrongContent(file.url, `bytes ${offset}- of ${file.size}`, show(range), 'try again later');
  }
  return { from: offset, pieces: answer.pieces() };
}

/** Git puts a header before the content that it hashes. */
function hashOf({ hash, size }: RemoteFile): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function* contentOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(1 << 20);
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, offset);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    offset += bytesRead;
  }
}

async function write(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}
