import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInside } from './resolve-inside.ts';

/**
 * Looks whether what is written in a directory stays in it. A directory may come from anywhere, and what is cut, continued or
 * removed through a link that leads out of it is somebody else's.
 *
 * @param names  of files and folders in the directory; those that aren't there are all right
 * @throws FileError  naming the link
 */
export async function requireOwnFiles(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const found = await lstat(join(directory, name)).catch(() => undefined);
    if (found?.isSymbolicLink()) await resolveInside(directory, name);
  }
}
