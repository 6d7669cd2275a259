import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FileError } from '../base/errors.ts';

/** What the operating system meant, in words that a person can act on. */
const meanings: ReadonlyMap<string, readonly [found: string, remedy?: string]> = new Map([
  ['ENOENT', ['nothing there', 'check the path']],
  ['ENOTDIR', ['a path that leads through a file', 'check the path']],
  ['EISDIR', ['a directory', 'check the path']],
  ['EEXIST', ['something with that name already', 'choose another path or remove it']],
  ['ENOTEMPTY', ['a directory that is not empty', 'choose another path or empty it']],
  ['EACCES', ['no permission', 'check who owns it']],
  ['EPERM', ['no permission', 'check who owns it']],
  ['EROFS', ['a disk that can only be read', 'choose another path']],
  ['ELOOP', ['links that lead in a circle', 'check the path']],
  ['ENAMETOOLONG', ['a name that is too long', 'choose another path']],
  ['ENOSPC', ['a full disk', 'free some space']],
  ['EDQUOT', ['a used-up disk quota', 'free some space']],
  ['EFBIG', ['a file that may not grow so large', 'raise the limit or choose another disk']],
  ['EIO', ['a disk that does not answer', 'check the disk']],
  ['EMFILE', ['too many open files', 'raise the limit of open files']],
]);

/** The code of an error of the operating system ("ENOENT"), or undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** Node says of a directory that can't be made, with those above it, that it isn't there: what is above it says why. */
function mkdirCode(error: unknown, path: string): string | undefined {
  if (errorCode(error) !== 'ENOENT' || (error as NodeJS.ErrnoException).syscall !== 'mkdir') return undefined;
  let above = resolve(path);
  while (!existsSync(above)) above = dirname(above);
  try {
    accessSync(above, constants.W_OK);
    return undefined;
  } catch (problem) {
    return errorCode(problem);
  }
}

/**
 * The FileError of a failure of the operating system; its cause is kept.
 *
 * @param expected  what should have been possible: "a file that can be read"
 * @throws the error itself when it doesn't come from the operating system: then it's a bug, not a file
 */
export function fileProblem(error: unknown, path: string, expected: string): FileError {
  if (error instanceof FileError) return error;
  const code = mkdirCode(error, path) ?? errorCode(error);
  if (code === undefined) throw error;
  const [found, remedy] = meanings.get(code) ?? ['an error of the operating system'];
  return new FileError(path, expected, `${found} (${code})`, remedy, { cause: error });
}

/**
 * Of what may not be looked into nothing can be said. A path with nothing there is none of that.
 *
 * @param expected  what is looked for there
 * @throws FileError
 */
export function requireMayLookInto(path: string, expected: string): void {
  try {
    const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (isDirectory === undefined) return;
    accessSync(path, isDirectory ? constants.R_OK | constants.X_OK : constants.R_OK);
  } catch (error) {
    throw fileProblem(error, path, expected);
  }
}
