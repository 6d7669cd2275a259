import { type DurableFs, nodeFs, replaceFile } from '../src/checkpoint/durable-fs.ts';
import { fileProblem } from '../src/checkpoint/file-problem.ts';
import { safetensorsPieces, type TensorToWrite } from '../src/checkpoint/safetensors-pieces.ts';

/**
 * Writes a safetensors file whole or not at all: after an error the old file, if any, stands as it was.
 *
 * The order is the given one where every tensor is then aligned to its element; else larger elements come first.
 *
 * @param metadata  keys and values of `__metadata__`; `{ format: 'pt' }` is what other loaders look for
 * @throws FileError       when the disk refuses: full, read-only, no such directory
 * @throws InvariantError  when names repeat, or a shape and its data disagree
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
  { fs = nodeFs }: { fs?: DurableFs } = {},
): Promise<void> {
  const list = [...tensors];
  try {
    await replaceFile(fs, path, () => safetensorsPieces(list, metadata));
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be written');
  }
}
