import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { errorCode } from './file-problem.ts';
import { holderIn, type LockHolder } from './lock-holder.ts';

// A lock is a folder of files with ascending numbers. Whoever creates the one with the highest number has the lock. Of two
// that create the same number the file system lets one succeed, and the highest file is never removed, only marked as
// given back: so nobody who looked earlier can take the place of somebody who came since.

/** Where the files are, in the directory that is locked. */
export const lockFolder = '.lock';

/** The highest file: who has, or had, the lock. */
export interface LockGeneration {
  readonly number: number;
  /** Undefined where the file can't be read, as while it is being written. */
  readonly holder?: LockHolder;
  readonly isReleased: boolean;
  /** When it was last renewed, by the clock of the file system. */
  readonly renewedMs: number;
}

const pathOf = (directory: string, number: number): string => join(directory, lockFolder, String(number));

/** The highest file of a directory's lock; undefined where nobody ever had it. */
export async function newestGeneration(directory: string): Promise<LockGeneration | undefined> {
  for (;;) {
    const number = (await numbersIn(directory)).reduce((a, b) => Math.max(a, b), 0);
    if (number === 0) return undefined;
    try {
      const { text, renewedMs } = await read(pathOf(directory, number));
      return { number, holder: holderIn(text), isReleased: text.startsWith(released), renewedMs };
    } catch (error) {
      // a higher one has come, and this one has gone
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** What a file of a lock says at most. */
const maxBytes = 4096;

/** A file of a lock, and no link or pipe in its place, which would lead elsewhere or be waited for. */
async function read(path: string): Promise<{ readonly text: string; readonly renewedMs: number }> {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
  const other = new FileError(path, 'a file of a lock', 'something else', 'remove it');
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch((error: unknown) => {
    throw errorCode(error) === 'ELOOP' ? other : error;
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw other;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return { text: buffer.toString('utf8', 0, bytesRead), renewedMs: stat.mtimeMs };
  } finally {
    await file.close();
  }
}

async function numbersIn(directory: string): Promise<number[]> {
  const folder = join(directory, lockFolder);
  try {
    // what is taken and removed there would be taken and removed elsewhere
    if ((await lstat(folder)).isSymbolicLink())
      throw new FileError(folder, 'a folder of its own', 'a link', 'remove the link');
    const names = await readdir(folder);
    return names.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Takes the lock, after a generation that has given it back or is dead.
 *
 * @param after  the number of that generation, 0 where there is none
 * @returns whether this holder has it: false where another one was quicker
 */
export async function takeGeneration(directory: string, after: number, holder: LockHolder): Promise<boolean> {
  const number = after + 1;
  const folder = join(directory, lockFolder);
  if (number >= 1e15)
    throw new FileError(folder, 'numbers that we count to', `${after}`, 'remove the folder');
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(pathOf(directory, number), `${JSON.stringify(holder)}\n`, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  const numbers = await numbersIn(directory);
  const mine = numbers.every((other) => other <= number);
  // those below serve nobody; of one that came too late the same is true
  for (const other of mine ? numbers.filter((each) => each < number) : [number])
    await rm(pathOf(directory, other), { force: true });
  return mine;
}

const released = 'released';

/** Marks a generation as given back. Where the directory is gone, so is the lock. */
export async function releaseGeneration(directory: string, number: number): Promise<void> {
  const path = pathOf(directory, number);
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(temporary, `${released}\n`);
    await rename(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
