import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { listIfThere, checkpointName, checkpointSteps } from './checkpoint-names.ts';
import type { DurableFs } from './durable-fs.ts';
import { fileProblem } from './file-problem.ts';
import { verifyCheckpoint } from './manifest.ts';

/** Deletes what retention doesn't keep. Returns what went wrong, if anything: the new checkpoint stands all the same. */
export async function retain(
  fs: DurableFs,
  root: string,
  { keep, best, deleted }: { keep: number; best: number | undefined; deleted: number[] },
): Promise<FileError | undefined> {
  try {
    const steps = checkpointSteps(await fs.list(root));
    for (const step of steps.slice(0, -keep).filter((step) => step !== best)) {
      await deleteCheckpoint(fs, root, step);
      deleted.push(step);
    }
    return undefined;
  } catch (error) {
    return fileProblem(error, root, 'to be able to delete old checkpoints');
  }
}

/** Deletes a checkpoint to make room for a new one. Returns its step, or undefined if none may go or can be deleted. */
export async function makeRoom(
  fs: DurableFs,
  root: string,
  best: number | undefined,
): Promise<number | undefined> {
  try {
    const oldest = await oldestToSpare(fs, root, best);
    if (oldest !== undefined) await deleteCheckpoint(fs, root, oldest);
    return oldest;
  } catch (error) {
    fileProblem(error, root, 'to be able to delete old checkpoints'); // throws what isn't the disk's fault
    return undefined; // the full disk is the error to tell
  }
}

/** The oldest checkpoint that is neither the best nor the newest whole one: without a whole one, none. */
async function oldestToSpare(
  fs: DurableFs,
  root: string,
  best: number | undefined,
): Promise<number | undefined> {
  const steps = checkpointSteps((await listIfThere(fs, root)) ?? []);
  for (const whole of steps.toReversed()) {
    const files = await verifyCheckpoint(fs, join(root, checkpointName(whole)), whole);
    if (!(files instanceof FileError)) return steps.find((step) => step !== best && step !== whole);
  }
  return undefined;
}

async function deleteCheckpoint(fs: DurableFs, root: string, step: number): Promise<void> {
  const trash = join(root, `.trash-${checkpointName(step)}`);
  await fs.remove(trash);
  await fs.rename(join(root, checkpointName(step)), trash);
  // otherwise a power cut could bring the name back with half of its files gone
  await fs.syncDirectory(root);
  await fs.remove(trash);
}
