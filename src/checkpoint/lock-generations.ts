import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './file-problem.ts';
import { holderIn, type LockHolder } from './lock-holder.ts';

// A lock is a folder of files with ascending numbers. Whoever creates the one with the highest number has the lock. Of two
// that create the same number the file system lets one succeed, and the highest file is never removed, only marked as
// given back: so nobody who looked earlier can take the place of somebody who came since.

/** Where the files are, in the directory that is locked. */
export const lockFolder = '.lock';

/** The highest file: who has, or had, the lock. */
export interface Generation {
  readonly number: number;
  /** Undefined where the file can't be read, as while it is being written. */
  readonly holder?: LockHolder;
  readonly isReleased: boolean;
  /** When it was last renewed, by the clock of the file system. */
  readonly renewedMs: number;
}

const pathOf = (directory: string, number: number): string => join(directory, lockFolder, String(number));

/** The highest file of a directory's lock; undefined where nobody ever had it. */
export async function newestGeneration(directory: string): Promise<Generation | undefined> {
  for (;;) {
    const number = Math.max(0, ...(await numbersIn(directory)));
    if (number === 0) return undefined;
    try {
      const path = pathOf(directory, number);
      const [text, { mtimeMs }] = [await readFile(path, 'utf8'), await stat(path)];
      const holder = holderIn(text);
      return { number, holder, isReleased: text.startsWith(released), renewedMs: mtimeMs };
    } catch (error) {
      // a higher one has come, and this one has gone
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

async function numbersIn(directory: string): Promise<number[]> {
  try {
    const names = await readdir(join(directory, lockFolder));
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
  await mkdir(join(directory, lockFolder), { recursive: true });
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
