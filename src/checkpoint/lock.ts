import { realpath, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FileError } from '../base/errors.ts';
import { fileProblem } from './file-problem.ts';
import {
  type LockGeneration,
  lockFolder,
  newestGeneration,
  releaseGeneration,
  takeGeneration,
} from './lock-generations.ts';
import { isProcessRunning, type LockHolder, ownHolder, showHolder } from './lock-holder.ts';

/** The right to write a directory, until it's released, lost, or the process ends. */
export interface DirectoryLock {
  /** @throws FileError  where another process has taken the lock meanwhile, as after a long sleep of this one */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** How a lock is taken and kept. */
export interface LockOptions {
  /** Milliseconds between two renewals of a lock that is held. */
  readonly renewMs?: number;
  /** After so many without one, a lock whose holder can't be seen from here counts as left behind. */
  readonly staleMs?: number;
  /** Is told what is waited for. */
  readonly note?: (text: string) => void;
  readonly signal?: AbortSignal;
}

const usual = { renewMs: 4000, staleMs: 20_000 } as const;

/**
 * Takes the lock of a run directory, which exists.
 *
 * A holder on this machine is looked up: its process is there or not. One that can't be seen, in another container or on
 * another machine, or before a restart, renews its lock every few seconds: where that is watched in vain for a while, it
 * is dead. No clock is compared with another.
 *
 * @throws FileError  when another process holds it, or the directory isn't there
 */
export async function lockRun(runDirectory: string, options: LockOptions = {}): Promise<DirectoryLock> {
  const lock = await tryLock(runDirectory, 'a run directory', options);
  if (lock) return lock;
  throw new FileError(
    runDirectory,
    'a run that no other program is training',
    `${await lockHolder(runDirectory)} at work in it`,
    'stop it first, or choose another directory',
  );
}

/** The same for any directory; undefined when another process holds the lock. */
export async function tryLock(
  lockedDirectory: string,
  expected: string,
  { renewMs = usual.renewMs, staleMs = usual.staleMs, note, signal }: LockOptions = {},
): Promise<DirectoryLock | undefined> {
  let directory: string;
  try {
    directory = await realpath(lockedDirectory);
  } catch (error) {
    throw fileProblem(error, lockedDirectory, expected);
  }
  const holder = ownHolder();
  try {
    const newest = await newestGeneration(directory);
    if (newest && !newest.isReleased) {
      const isAlive =
        (newest.holder && isProcessRunning(newest.holder)) ??
        (await isRenewed(directory, newest, { staleMs, note, signal }));
      if (isAlive) return undefined;
    }
    const after = newest?.number ?? 0;
    if (!(await takeGeneration(directory, after, holder))) return undefined;
    return heldLock(lockedDirectory, directory, after + 1, holder, renewMs);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw fileProblem(error, lockedDirectory, `${expected} that can be locked`);
  }
}

/** Whether a lock is renewed, or taken by another holder, while it is watched. */
async function isRenewed(
  directory: string,
  { number, holder, renewedMs }: LockGeneration,
  { staleMs, note, signal }: Required<Pick<LockOptions, 'staleMs'>> & LockOptions,
): Promise<boolean> {
  const began = performance.now();
  for (let told = false; performance.now() - began < staleMs;) {
    await wait(Math.min(250, staleMs / 4), undefined, { signal });
    const now = await newestGeneration(directory);
    if (now?.isReleased) return false;
    if (now?.number !== number || now.renewedMs !== renewedMs || now.holder?.id !== holder?.id) return true;
    if (!told && performance.now() - began > 1000) {
      note?.(
        `looking whether ${showHolder(holder)} is still at work in ${directory} (${Math.round(staleMs / 1000)} s) …`,
      );
      told = true;
    }
  }
  return false;
}

function heldLock(
  shown: string,
  directory: string,
  number: number,
  holder: LockHolder,
  renewMs: number,
): DirectoryLock {
  // a lock alone doesn't keep a program running; a full disk or a slow one is no reason to give it up
  const path = join(directory, lockFolder, String(number));
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, renewMs).unref();
  return {
    async check() {
      // a disk that can't be read is no other process
      const newest = await newestGeneration(directory).catch(() => ({ number, holder }));
      if (newest?.number === number && newest.holder?.id === holder.id) return;
      throw new FileError(
        shown,
        'to be locked by this program',
        newest ? `a lock of ${showHolder(newest.holder)}` : 'no lock',
        'it slept too long, or its files were removed: nothing more is written',
      );
    },
    async release() {
      clearInterval(timer);
      await releaseGeneration(directory, number);
    },
  };
}

/** So long after its last renewal a lock that can't be looked up is said to be held, by the clocks. Nothing depends on it. */
const shownMs = 60_000;

/** Whether a process holds the lock of a directory, as far as can be said at once. Nothing is locked by looking. */
export async function isLocked(lockedDirectory: string): Promise<boolean> {
  const newest = await newestGeneration(lockedDirectory).catch(() => undefined);
  if (!newest || newest.isReleased) return false;
  return (
    (newest.holder && isProcessRunning(newest.holder)) ?? Math.abs(Date.now() - newest.renewedMs) < shownMs
  );
}

/** Who holds the lock of a directory, as a message says it. */
export async function lockHolder(directory: string): Promise<string> {
  const newest = await newestGeneration(directory).catch(() => undefined);
  return showHolder(newest?.holder);
}
