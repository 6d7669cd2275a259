import { readFile } from 'node:fs/promises';
import { FileError } from '../errors.ts';

/** The text in a file. @throws FileError  when it isn't UTF-8 */
export async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'text in UTF-8', 'other bytes', 'convert it, for example with iconv', {
      cause,
    });
  }
}
