import { dirname } from 'node:path';
import type { DurableFs } from './durable-fs.ts';
import { errorCode } from './file-problem.ts';

/** Makes a directory and those above it that are missing; each new name is durable when this returns. */
export async function makeDirectories(fs: DurableFs, path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await fs.makeDirectory(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(fs, parent);
    await fs.makeDirectory(path);
  }
  await fs.syncDirectory(parent);
}
