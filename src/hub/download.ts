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

async function fill(
  connection: Connection,
  file: RemoteFile,
  handle: FileHandle,
  seen: (doneBytes: number, receivedBytes: number) => void,
): Promise<void> {
  let hash = hashOf(file);
  let done = 0;
  for await (const piece of contentOf(handle)) {
    hash.update(piece);
    done += piece.length;
  }
  let isResumed = done > 0;
  const restart = async (): Promise<void> => {
    await handle.truncate(0);
    hash = hashOf(file);
    done = 0;
    seen(0, 0);
  };
  if (done > file.size) await restart();
  seen(done, 0);

  const patience = new Patience(connection);
  for (let mark = done; ;) {
    try {
      if (done < file.size) {
        const { from, pieces } = await requestFrom(connection, file, done);
        if (from !== done) await restart();
        for await (const piece of pieces) {
          if (done + piece.length > file.size)
            throw new WrongContent(
              file.url,
              `${file.size} bytes, as the server said`,
              'more',
              'try again later',
            );
          await write(handle, piece, done);
          hash.update(piece);
          done += piece.length;
          seen(done, piece.length);
        }
      }
      if (done < file.size) {
        const found = `an end after ${done}`;
        throw new TransientError(new FileError(file.url, `${file.size} bytes`, found, 'try again later'));
      }
      const found = hash.digest('hex');
      if (found === file.hash) return;
      if (!isResumed)
        throw new WrongContent(file.url, `content with the hash ${file.hash}`, found, 'try again later');
      // what lay there may have been damaged: once more, all of it
      isResumed = false;
      await restart();
    } catch (error) {
      if (done >= mark + progressBytes) {
        patience.renew();
        mark = done;
      }
      await patience.after(error);
    }
  }
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
