import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurableFs } from '../../checkpoint/durable-fs.ts';
import { type DirectoryLock, lockRun } from '../../checkpoint/lock.ts';
import { lockFolder } from '../../checkpoint/lock-generations.ts';
import { requireOwnFiles } from '../../checkpoint/own-files.ts';
import type { TrainingRequest } from '../options.ts';
import type { OwnPart } from '../own-parts.ts';
import { checkData } from './data-check.ts';
import { DirectoryPlace } from './directory-place.ts';
import { keepRows, type Rows } from './kept-rows.ts';
import { openRunDirectory, removeLeftovers, runDirectoryPlace, writtenNames } from './run-directory.ts';
import { type RunIo, RunLoop, type RunOutcome } from './run-loop.ts';
import type { CreateTrainingJob } from './training-job.ts';

/** What a run in a directory has of the world. */
export interface DirectoryRunIo extends RunIo {
  /** Where checkpoints are written. Default: the disk. */
  readonly fs?: DurableFs;
}

/** What a program gives a run beside its options. */
export interface RunGifts {
  /** What it has in the place of options. */
  readonly own?: readonly OwnPart[];
  /** Rows of data in the place of files. */
  readonly rows?: Rows;
}

/**
 * Trains: begins the run that is asked for, or goes on with it from its newest whole checkpoint, to the same bits as if
 * it had never been stopped.
 *
 * @throws InvalidOptionError  for a run that was started with other options
 * @throws FileError           for a run directory or data that cannot be used
 * @throws NonFiniteError      when too many updates could not be applied
 * @throws CannotSaveError     when no checkpoint could be saved for an hour, or the last one could not
 */
export async function runTraining(
  request: TrainingRequest,
  make: CreateTrainingJob,
  io: DirectoryRunIo,
  { own, rows }: RunGifts = {},
): Promise<RunOutcome> {
  const path = await runDirectoryPlace(request);
  const note = (text: string): void => io.note({ kind: 'note', text });
  const lock = await lockRun(path, { note, signal: io.stop });
  try {
    await requireOwnFiles(path, writtenNames);
    const before = new Set(await readdir(path));
    await removeLeftovers(path);
    if (rows) await keepRows(path, rows);
    const directory = await openRunDirectory(path, request, own);
    const jobIo = { note, now: io.now, signal: io.stop };
    const job = await make(directory.options, path, jobIo).catch(async (error: unknown) => {
      // a run that cannot begin leaves nothing but what was there before
      if (directory.isNew && !io.stop.aborted && (await holds(lock))) await removeNew(path, before);
      throw error;
    });
    try {
      await lock.check();
      await checkData(path, job.data);
      for (const line of job.summary) note(line);
      return await new RunLoop(directory, job, io, new DirectoryPlace(directory, lock, io.fs)).train();
    } finally {
      await job.close();
    }
  } finally {
    await lock.release();
    await removeEmpty(path); // of a run that could not begin nothing is left
  }
}

/** Takes away what came into a directory. */
async function removeNew(path: string, before: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(path).catch(() => []))
    if (!before.has(name)) await rm(join(path, name), { recursive: true, force: true }).catch(() => {});
}

/** Takes a directory away in which there is nothing but what locks leave. */
async function removeEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch(() => ['']);
  if (names.every((name) => name === lockFolder)) await rm(path, { recursive: true }).catch(() => {});
}

const holds = (lock: DirectoryLock): Promise<boolean> =>
  lock.check().then(
    () => true,
    () => false,
  );
