import { randomInt } from 'node:crypto';
import { join, relative } from 'node:path';
import { sizeOf } from '../../base/array.ts';
import { type BlockFormat, blockShapes, blockWriter } from '../../checkpoint/block-quantisation.ts';
import { type Dtype, itemSizes } from '../../checkpoint/dtype.ts';
import { dtypeOf, type GgufSource, storedRows, tensorPieces } from '../../checkpoint/gguf/file.ts';
import { narrowF16 } from '../../checkpoint/half.ts';
import type { WeightEntry } from '../../checkpoint/weights.ts';
import type { DType } from '../../graph/tensor-type.ts';
import type { ExternalData, QuantisedData } from '../../graph/value-writer.ts';
import { MadeWeights, type MadeWeight } from '../made-weights.ts';
import { scaleBytes, type StoredParameter } from '../storage.ts';
import { blocksOf } from './kept-blocks.ts';

/** Whether a parameter is kept in blocks, where those of a GGUF file are kept as they are stored. */
const isInBlocks = ({ gguf }: WeightEntry, { storage }: StoredParameter): boolean =>
  gguf !== undefined && gguf.source.type.dequantise !== undefined && storage !== 'float32';

/** How the weights of a GGUF file are kept: as they are stored, or all of them in floats. */
export type GgufFormat = 'stored' | 'f32' | 'f16';

/**
 * Where a network finds the weights that don't lie in a GGUF file as it needs them: nowhere, until a session opens.
 *
 * @param entries     the tensors that have a `gguf`
 * @param parameters  what each is used for
 * @param folder      that locations are relative to, the directory of the model somewhere in it
 */
export function ggufStored(
  entries: Iterable<WeightEntry>,
  parameters: ReadonlyMap<string, StoredParameter>,
  format: GgufFormat,
  { folder, directory }: { readonly folder: string; readonly directory: string },
): { readonly located: ReadonlyMap<string, ExternalData | QuantisedData>; readonly source: MadeWeights } {
  const scratch = join(relative(folder, directory), scratchName());
  const made = new Map<string, MadeWeight>();
  const add = (weight: MadeWeight, dtype: DType): ExternalData => {
    const location = join(scratch, `${made.size}`);
    made.set(location, weight);
    return { location, offset: 0, length: weight.byteLength, dtype };
  };
  const located = new Map<string, ExternalData | QuantisedData>();
  for (const entry of entries) {
    const parameter = parameters.get(entry.name);
    if (!parameter || !entry.gguf) continue;
    if (format === 'stored' && isInBlocks(entry, parameter))
      located.set(entry.name, inBlocks(entry, parameter, add));
    else {
      const dtype = format === 'f16' && parameter.storage !== 'float32' ? 'F16' : entry.dtype;
      located.set(entry.name, add(inFloats(entry, dtype), floatTypes[dtype]!));
    }
  }
  return { located, source: new MadeWeights(folder, scratch, made) };
}

const floatTypes: Partial<Record<Dtype, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Bytes of the weights of a GGUF file in memory where they are kept as they are stored. */
export function storedBytes(
  sources: Iterable<GgufSource>,
  parameters: ReadonlyMap<string, StoredParameter>,
): number {
  let bytes = 0;
  for (const source of sources) {
    const storage = parameters.get(source.name)?.storage ?? 'float32';
    const { shape, type } = source;
    if (type.dequantise && storage !== 'float32') {
      const { codes, scales } = blockShapes(shape, blocksOf(source));
      bytes += (storage === 'blocks and table' ? 2 : 1) * (sizeOf(codes) + scaleBytes * sizeOf(scales));
    } else bytes += sizeOf(shape) * itemSizes[dtypeOf(source)];
  }
  return bytes;
}

type Add = (weight: MadeWeight, dtype: DType) => ExternalData;

/** A matrix that is multiplied with, or of which rows are read, or both. */
function inBlocks(entry: WeightEntry, { shape, storage }: StoredParameter, add: Add): QuantisedData {
  const format = blocksOf(entry.gguf!.source);
  const parts = partsOf(entry, shape, format);
  const blocks = { codes: add(parts.codes, 'uint8'), scales: add(parts.scales, 'float32') };
  const { bits, block } = format;
  return { bits, block, ...blocks, ...(storage !== 'blocks' && { table: blocks }) };
}

/** The codes of a tensor, and its scales, which are known when the codes are. */
function partsOf(
  { gguf, name }: WeightEntry,
  shape: readonly number[],
  format: BlockFormat,
): { readonly codes: MadeWeight; readonly scales: MadeWeight } {
  const { origin, source } = gguf!;
  const shapes = blockShapes(shape, format);
  const [, perRow] = shapes.scales;
  const codesPerRow = sizeOf(shapes.codes) / shape[0];
  let known: Float32Array | undefined;

  async function* codes(): AsyncGenerator<Uint8Array> {
    const scales = new Float32Array(sizeOf(shapes.scales));
    let row = 0;
    for await (const bytes of storedRows(origin, source)) {
      const count = (bytes.length / source.byteLength) * shape[0];
      const of = scales.subarray(row * perRow, (row + count) * perRow);
      const { exact, dequantise } = source.type;
      if (exact) {
        const unpacked = new Uint8Array(count * codesPerRow);
        exact.unpack(bytes, unpacked, of);
        yield unpacked;
      } else {
        const numbers = new Float32Array(count * shape[1]);
        dequantise!(bytes, numbers);
        const writer = blockWriter([count, shape[1]], format, { path: origin.path, name });
        writer.add(numbers);
        of.set(writer.blocks.scales);
        yield writer.blocks.codes;
      }
      row += count;
    }
    known = scales;
  }
  return {
    codes: { byteLength: sizeOf(shapes.codes), pieces: codes },
    scales: {
      byteLength: 4 * sizeOf(shapes.scales),
      async *pieces() {
        if (!known) for await (const _ of codes());
        yield new Uint8Array(known!.buffer);
        known = undefined;
      },
    },
  };
}

/** A tensor in floats: dequantised, or its rows in the model's order. */
function inFloats({ gguf, dtype, shape }: WeightEntry, to: Dtype): MadeWeight {
  const { origin, source } = gguf!;
  return {
    byteLength: sizeOf(shape) * itemSizes[to],
    async *pieces() {
      for await (const piece of tensorPieces(origin, source)) {
        if (to === dtype) yield piece;
        else {
          const numbers = new Float32Array(piece.buffer, piece.byteOffset, piece.length / 4);
          const halves = new Uint16Array(numbers.length);
          narrowF16(numbers, halves);
          yield new Uint8Array(halves.buffer);
        }
      }
    },
  };
}

const scratchPrefix = '.opening-';
const scratchName = (): string => `${scratchPrefix}${process.pid}-${randomInt(2 ** 32)}`;

/** Of a scratch folder that was left, the process that made it; undefined for any other name. */
export const scratchOwner = (name: string): number | undefined =>
  name.startsWith(scratchPrefix) ? Number.parseInt(name.slice(scratchPrefix.length), 10) : undefined;
