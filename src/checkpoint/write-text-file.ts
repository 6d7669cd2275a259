import { stat, writeFile } from 'node:fs/promises';
import { nodeFs, replaceFile } from './durable-fs.ts';
import { fileProblem } from './file-problem.ts';

/**
 * Writes a table, a chart or a report whole or not at all: whoever reads it meanwhile has the old one. What is no file, as a pipe,
 * is written to as it is.
 *
 * @throws FileError
 */
export async function writeTextFile(path: string, text: string): Promise<void> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there && !there.isFile()) await writeFile(path, text);
    else await replaceFile(nodeFs, path, Buffer.from(text));
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be written');
  }
}
