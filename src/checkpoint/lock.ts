import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileError, show } from '../base/errors.ts';
import { errorCode, fileProblem } from './file-problem.ts';

/** The right to write a directory, until it's released or the process ends. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a run directory, which exists.
 *
 * On Linux the lock is an abstract Unix socket: the kernel frees it when the process dies in any way, so no stale
 * lock ever needs to be removed by hand. Elsewhere it's the file LOCK with the process's number, and a lock whose
 * process is gone is taken over. LOCK is written in both cases, for people and for the message.
 *
 * @throws FileError  when another process of this machine holds it, or the directory isn't there
 */
export async function lockRun(
  runDirectory: string,
  { socket }: { socket?: boolean } = {},
): Promise<DirectoryLock> {
  const lock = await tryLock(runDirectory, 'a run directory', { socket });
  if (lock) return lock;
  throw new FileError(
    runDirectory,
    'a run that no other program is training',
    `${await lockHolder(runDirectory)} at work in it`,
    'stop it first, or choose another directory',
  );
}

/** The same for any directory; undefined when another process of this machine holds the lock. */
export async function tryLock(
  lockedDirectory: string,
  expected: string,
  { socket = process.platform === 'linux' }: { socket?: boolean } = {},
): Promise<DirectoryLock | undefined> {
  let directory: string;
  try {
    directory = await realpath(lockedDirectory);
  } catch (error) {
    throw fileProblem(error, lockedDirectory, expected);
  }
  const path = join(directory, 'LOCK');
  const holder = `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`;
  const free = socket
    ? await takeSocket(lockedDirectory, directory, expected)
    : await takeFile(path, holder, expected);
  if (!free) return undefined;
  // only for people: a full disk must not stop a run that holds the lock
  if (socket) await writeFile(path, holder).catch(() => {});
  return {
    async release() {
      if (socket) await rm(path, { force: true });
      await free();
    },
  };
}

type Free = () => Promise<void>;

async function takeSocket(
  lockedDirectory: string,
  directory: string,
  expected: string,
): Promise<Free | undefined> {
  const server = createServer((connection) => connection.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: socketName(directory) }, resolve);
    });
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return undefined;
    throw fileProblem(error, lockedDirectory, `${expected} that can be locked`);
  }
  server.unref(); // a lock alone doesn't keep a program running
  return () => new Promise((resolve) => server.close(() => resolve()));
}

const socketName = (directory: string): string =>
  `\0unmask-run-${createHash('sha256').update(directory).digest('hex').slice(0, 40)}`;

/** Whether a process of this machine holds the lock of a directory. Nothing is locked by looking. */
export async function isLocked(
  lockedDirectory: string,
  { socket = process.platform === 'linux' }: { socket?: boolean } = {},
): Promise<boolean> {
  const directory = await realpath(lockedDirectory).catch(() => undefined);
  if (directory === undefined) return false;
  if (!socket) {
    return (await stateOf(join(directory, 'LOCK'))) === 'held';
  }
  return new Promise((resolve) => {
    const connection = connect({ path: socketName(directory) });
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/**
 * Takes a lock that is a file with the number of a process. One whose process is gone is taken over, by whoever gets the lock
 * of doing so: two that find it at once would else both take it.
 */
async function takeFile(path: string, holder: string, expected: string): Promise<Free | undefined> {
  const own = `${path}.${process.pid}-${randomUUID()}`;
  try {
    // a file under its name with its content: who finds it can read who holds it
    await writeFile(own, holder, { flag: 'wx' });
    const free: Free = () => rm(path, { force: true });
    if (await linkedTo(own, path)) return free;
    if ((await stateOf(path)) === 'held') return undefined;
    const release = await takeFile(`${path}.takeover`, holder, expected);
    if (!release) return undefined;
    try {
      // only who takes over may write over a lock, and only one whose process is gone, which can't let go of it meanwhile
      const state = await stateOf(path);
      if (state === 'absent') return (await linkedTo(own, path)) ? free : undefined;
      if (state === 'held') return undefined;
      await rename(own, path);
      return free;
    } finally {
      await release();
    }
  } catch (error) {
    throw fileProblem(error, path, `${expected} that can be locked`);
  } finally {
    await rm(own, { force: true });
  }
}

/** Gives a file a second name, unless there is one of that name. */
async function linkedTo(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process that wrote a LOCK still runs. On another host nobody can tell, so it counts as running. */
async function stateOf(path: string): Promise<'absent' | 'held' | 'stale'> {
  const holder = await readHolder(path);
  if (!holder) return 'absent';
  const { pid, host } = holder;
  if (host !== undefined && host !== hostname()) return 'held';
  if (pid === undefined) return 'stale';
  try {
    process.kill(pid, 0);
    return 'held';
  } catch (error) {
    return errorCode(error) === 'EPERM' ? 'held' : 'stale';
  }
}

/** Who holds the lock of a directory, as a message says it. */
export async function lockHolder(directory: string): Promise<string> {
  const { pid, host } = (await readHolder(join(directory, 'LOCK'))) ?? {};
  return pid === undefined ? 'another process' : `process ${pid} on ${show(host)}`;
}

/** Undefined where there is no lock; what can't be read of one is left out. */
async function readHolder(path: string): Promise<{ pid?: number; host?: string } | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? undefined : {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    const pid = 'pid' in value && Number.isSafeInteger(value.pid) ? Number(value.pid) : undefined;
    const host = 'host' in value && typeof value.host === 'string' ? value.host : undefined;
    return { ...(pid !== undefined && pid > 0 && { pid }), ...(host !== undefined && { host }) };
  } catch {
    return {};
  }
}
