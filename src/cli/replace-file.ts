import { chmod, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { FileError } from '../base/errors.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';

/**
 * Writes a new text in the place of an old one: whole or not at all, with the rights of the old file. A link stays a link.
 *
 * @throws FileError  where the file isn't what it was when it was read
 */
export async function replaceTextFile(path: string, before: string, after: string): Promise<void> {
  const target = await realpath(path);
  const { mode } = await stat(target);
  const temporary = `${target}.unmask-${process.pid}`;
  try {
    await writeFile(temporary, after, { mode, flag: 'wx' });
    await chmod(temporary, mode); // what the umask has taken away of it
    if ((await readFile(target, 'utf8')) !== before) {
      throw new FileError(
        path,
        'the text that was read',
        'another one',
        'it was changed meanwhile; run it again',
      );
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fileProblem(error, path, 'a file that can be written');
  }
}
