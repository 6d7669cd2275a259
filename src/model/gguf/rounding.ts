import { sizeOf } from '../../base/array.ts';
import { bytesText } from '../../base/format-bytes.ts';
import { blockWriter } from '../../checkpoint/block-quantisation.ts';
import { type GgufFile, type GgufSource, readGgufRows } from '../../checkpoint/gguf/file.ts';
import { bytesIn, storageOf } from '../storage.ts';
import type { GgufModel } from './model.ts';
import { ROUNDED } from './kept-blocks.ts';

/** Rows of a matrix, and matrices of a model, that are rounded to measure the error. */
const SAMPLED_ROWS = 64;
const SAMPLED_MATRICES = 256;

/**
 * What is to be told of a file some of whose matrices are in blocks that can't be multiplied with; undefined where all can.
 *
 * @throws FileError  when the file can't be read or has numbers that can't be rounded
 */
export async function roundingNote(file: GgufFile, model: GgufModel): Promise<string | undefined> {
  const { transformer } = model.config;
  const { names } = model.family;
  const parameters = storageOf(transformer, names, 'int8');
  const rounded = [...model.sources.values()].filter(
    ({ name, type }) => type.dequantise && !type.exact && parameters.get(name)?.storage !== 'float32',
  );
  if (rounded.length === 0) return undefined;
  const error = percent(await roundingError(file, rounded));
  const types = [...new Set(rounded.map(({ type }) => type.name))].sort().join(', ');
  const share = percent(numbersIn(rounded) / numbersIn([...model.sources.values()]));
  const floats = bytesText(bytesIn(transformer, names, 'f32'));
  return `${types}: ${share} of the weights are kept in 8 bits, which changes them by ${error} of their root mean square; --weights f32 keeps them as they are, in ${floats} of memory`;
}

const numbersIn = (sources: readonly GgufSource[]): number =>
  sources.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** √(Σ (w − w′)² / Σ w²) over the first rows of some of the matrices. */
async function roundingError(file: GgufFile, sources: readonly GgufSource[]): Promise<number> {
  const step = Math.ceil(sources.length / SAMPLED_MATRICES);
  let [squaredError, squares] = [0, 0];
  for (const source of sources.filter((_, i) => i % step === 0)) {
    const [N, M] = source.shape;
    const count = Math.min(SAMPLED_ROWS, N);
    const { data } = await readGgufRows(file, source, { first: 0, count });
    const writer = blockWriter([count, M], ROUNDED, { path: file.path, name: source.name });
    writer.add(data);
    squaredError += writer.squaredError;
    squares += writer.squares;
  }
  return Math.sqrt(squaredError / (squares || 1));
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : 0)} %`;
