import { readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, writeModelDirectory } from '../checkpoint/directory.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import { type GgufFile, openGguf } from '../checkpoint/gguf/file.ts';
import { inPlaceDirectory, inPlaceBytes, inPlaceName, isMadeFrom } from '../checkpoint/gguf/in-place.ts';
import { withFile } from '../checkpoint/open-file.ts';
import { FileError } from '../base/errors.ts';
import { type GgufModel, ggufModel } from '../model/gguf/model.ts';
import { roundingNote } from '../model/gguf/rounding.ts';
import { scratchOwner } from '../model/gguf/stored-weights.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';

/**
 * The model directory of a GGUF file: `FILE.unmask` beside it, made the first time and whenever the file has changed. It has
 * the config, the tokenizer and where the tensors are; the weights stay in the file.
 *
 * @param note  is told, once, of weights that have to be rounded
 * @throws FileError         when the file is damaged or contradicts itself, or the directory can't be written
 * @throws UnsupportedError  for what we don't compute, by name
 */
export async function ggufDirectory(path: string, note: (text: string) => void = () => {}): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    throw fileProblem(error, path, 'a file that can be read');
  });
  const directory = inPlaceDirectory(real);
  const identity = await withFile(real, async (opened) => opened.identity);
  if (await isMadeFrom(directory, identity)) {
    await removeAbandoned(directory);
    return directory;
  }
  const file = await openGguf(real);
  const model = await ggufModel(file);
  try {
    await writeIndex(directory, file, model);
  } catch (error) {
    // another process may have made it meanwhile
    if (!(error instanceof FileError) || !(await isMadeFrom(directory, identity))) throw error;
  }
  const rounding = await roundingNote(file, model);
  if (rounding !== undefined) note(rounding);
  return directory;
}

async function writeIndex(directory: string, file: GgufFile, { json, sources }: GgufModel): Promise<void> {
  const tokenizer = tokenizerFromGguf(file.metadata, file.path);
  await writeModelDirectory(
    directory,
    {
      config: json,
      weights: [],
      generationConfig: { eos_token_id: tokenizer.endIds },
      tokenizerFiles: new Map([
        ['tokenizer.json', Buffer.from(JSON.stringify(tokenizer.json))],
        ['tokenizer_config.json', Buffer.from(JSON.stringify(tokenizer.config))],
        [inPlaceName, inPlaceBytes(file, sources.values())],
      ]),
    },
    { replace: true },
  );
}

/** Takes away what processes that were killed while they opened the model have left. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const owner = scratchOwner(name);
    if (owner !== undefined && !isRunning(owner))
      await rm(join(directory, name), { recursive: true, force: true });
  }
}
