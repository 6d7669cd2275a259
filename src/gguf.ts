import { realpath } from 'node:fs/promises';
import { writeModelDirectory } from './checkpoint/directory.ts';
import { fileProblem } from './checkpoint/file-problem.ts';
import {
  dtypeOf,
  type GgufFile,
  type GgufSource,
  liesReady,
  openGguf,
  piecesOf,
} from './checkpoint/gguf/file.ts';
import { directoryOf, inPlaceBytes, inPlaceName, isMadeFrom } from './checkpoint/gguf/in-place.ts';
import { withFile } from './checkpoint/range-reader.ts';
import { sizeInFile, type TensorToWrite } from './checkpoint/write-safetensors.ts';
import { FileError } from './errors.ts';
import { type GgufModel, ggufModel } from './model/gguf/model.ts';
import { type GgufTokenizer, tokenizerFromGguf } from './tokenizer/from-gguf.ts';

/** What a GGUF file is: as a model, and what becomes of it. No weight has been read, and nothing written. */
export interface ReadGguf extends GgufModel {
  readonly file: GgufFile;
  readonly tokenizer: GgufTokenizer;
  readonly directory: string;
  /** Tensors that are read where they lie, and those that have to be written to the directory, which is so many bytes. */
  readonly ready: readonly GgufSource[];
  readonly weights: readonly TensorToWrite[];
  readonly bytesToWrite: number;
}

/** @throws FileError, UnsupportedError  as `ggufDirectory` */
export async function readGguf(path: string): Promise<ReadGguf> {
  const file = await openGguf(path);
  const model = await ggufModel(file);
  const tokenizer = tokenizerFromGguf(file.metadata, path);
  const sources = [...model.sources.values()];
  const weights = sources.filter((source) => !liesReady(source)).map((source) => toWrite(file, source));
  return {
    ...model,
    file,
    tokenizer,
    directory: directoryOf(path),
    ready: sources.filter(liesReady),
    weights,
    bytesToWrite: weights.reduce((sum, tensor) => sum + sizeInFile(tensor), 0),
  };
}

/**
 * The model directory of a GGUF file: `FILE.unmask` beside it, made the first time and whenever the file has changed.
 *
 * Weights in F32, F16 or BF16 stay where they are. Quantised ones are written there as float32, and so are queries and
 * keys whose rows llama.cpp has in another order, in their own type.
 *
 * @param note  is told when something large is written
 * @throws FileError         when the file is damaged or contradicts itself, or the directory can't be written
 * @throws UnsupportedError  for what we don't compute, by name
 */
export async function ggufDirectory(path: string, note: (text: string) => void = () => {}): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    throw fileProblem(error, path, 'a file that can be read');
  });
  const directory = directoryOf(real);
  const identity = await withFile(real, async (opened) => opened.identity);
  if (await isMadeFrom(directory, identity)) return directory;

  const { file, json, tokenizer, ready, weights, bytesToWrite } = await readGguf(real);
  if (bytesToWrite > 0)
    note(`writing ${Math.ceil(bytesToWrite / 2 ** 20)} MiB of weights to ${directory}, this once …`);
  try {
    await writeModelDirectory(
      directory,
      {
        config: json,
        weights,
        generationConfig: { eos_token_id: tokenizer.endIds },
        tokenizerFiles: new Map([
          ['tokenizer.json', Buffer.from(JSON.stringify(tokenizer.json))],
          ['tokenizer_config.json', Buffer.from(JSON.stringify(tokenizer.config))],
          [inPlaceName, inPlaceBytes(file, ready)],
        ]),
      },
      { replace: true },
    );
  } catch (error) {
    // another process may have made it meanwhile
    if (!(error instanceof FileError) || !(await isMadeFrom(directory, identity))) throw error;
  }
  return directory;
}

const toWrite = (file: GgufFile, source: GgufSource): TensorToWrite => ({
  name: source.name,
  shape: source.shape,
  dtype: dtypeOf(source),
  data: () => piecesOf(file, source),
});
