import { realpath } from 'node:fs/promises';
import { writeModelDirectory } from '../checkpoint/directory.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import {
  dtypeOf,
  type GgufFile,
  type GgufSource,
  isStoredRaw,
  openGguf,
  tensorPieces,
} from '../checkpoint/gguf/file.ts';
import { inPlaceDirectory, inPlaceBytes, inPlaceName, isMadeFrom } from '../checkpoint/gguf/in-place.ts';
import { withFile } from '../checkpoint/range-reader.ts';
import { sizeInFile, type TensorToWrite } from '../checkpoint/write-safetensors.ts';
import { FileError } from '../base/errors.ts';
import { type GgufModel, ggufModel } from '../model/gguf/model.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';

/** What becomes of the tensors of a file. */
export interface GgufWeights {
  /** Those that are read where they lie. */
  readonly ready: readonly GgufSource[];
  /** Those that have to be written to the directory. */
  readonly others: readonly TensorToWrite[];
  /** How much that is. */
  readonly bytesToWrite: number;
}

export function ggufWeights(file: GgufFile, { sources }: GgufModel): GgufWeights {
  const all = [...sources.values()];
  const others = all.filter((source) => !isStoredRaw(source)).map((source) => toWrite(file, source));
  return {
    ready: all.filter(isStoredRaw),
    others,
    bytesToWrite: others.reduce((sum, tensor) => sum + sizeInFile(tensor), 0),
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
  const directory = inPlaceDirectory(real);
  const identity = await withFile(real, async (opened) => opened.identity);
  if (await isMadeFrom(directory, identity)) return directory;

  const file = await openGguf(real);
  const model = await ggufModel(file);
  const tokenizer = tokenizerFromGguf(file.metadata, real);
  const { ready, others, bytesToWrite } = ggufWeights(file, model);
  if (bytesToWrite > 0)
    note(`writing ${Math.ceil(bytesToWrite / 2 ** 20)} MiB of weights to ${directory}, this once …`);
  try {
    await writeModelDirectory(
      directory,
      {
        config: model.json,
        weights: others,
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
  data: () => tensorPieces(file, source),
});
