import { randomFillSync, randomInt } from 'node:crypto';
import { sizeOf } from '../src/base/array.ts';
import { blockShapes } from '../src/checkpoint/block-quantisation.ts';
import { writeModelDirectory } from '../src/checkpoint/directory.ts';
import type { Numbers, TensorToWrite } from '../src/checkpoint/safetensors-pieces.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../src/model/config.ts';
import { storageOf } from '../src/model/storage.ts';
import type { MadeUp } from './made-up-models.ts';
import {
  blockFormats,
  blockNames,
  isBlockFormat,
  recordKey,
  recordOf,
  type WeightFormat,
} from '../src/model/weight-format.ts';

/** Writes a model directory with random weights, as `unmask train` or `unmask quantize` would, without a tokenizer. */
export async function writeMadeUp(directory: string, { family, json, format }: MadeUp): Promise<void> {
  const random = randomFillSync(new Uint8Array(1 << 24));
  const { transformer: config } = family.read(json, directory);
  const record = format === 'f32' ? {} : { [recordKey]: recordOf(format) };
  const weights =
    format === 'f32'
      ? inFloat32(config, family.names, random)
      : inFormat(config, family.names, format, random);
  await writeModelDirectory(directory, { config: { ...json, ...record }, weights });
}

function inFloat32(config: TransformerConfig, names: TensorNames, random: Uint8Array): TensorToWrite[] {
  return Array.from(parameterShapes(config, names), ([name, shape]) => float32(name, shape, random));
}

function inFormat(
  config: TransformerConfig,
  names: TensorNames,
  format: Exclude<WeightFormat, 'f32'>,
  random: Uint8Array,
): TensorToWrite[] {
  const tensors: { float32: TensorToWrite[]; blocks: TensorToWrite[]; half: TensorToWrite[] } = {
    float32: [],
    blocks: [],
    half: [],
  };
  for (const [name, { shape, storage }] of storageOf(config, names, format)) {
    if (storage === 'float32') tensors.float32.push(float32(name, shape, random));
    if (storage === 'half' || storage === 'blocks and table')
      tensors.half.push({ name, shape, dtype: 'F16', data: () => halves(sizeOf(shape), random) });
    if (!storage.startsWith('blocks') || !isBlockFormat(format)) continue;
    const { codes, scales, zeros } = blockShapes(shape, blockFormats[format]);
    const parts = blockNames(name);
    const scale = 0.04 / 2 ** blockFormats[format].bits;
    tensors.blocks.push(
      { name: parts.scales, shape: scales, data: new Float32Array(sizeOf(scales)).fill(scale) },
      { name: parts.codes, shape: codes, dtype: 'U8', data: () => repeated(sizeOf(codes), random) },
    );
    if (zeros)
      tensors.blocks.push({
        name: parts.zeros,
        shape: zeros,
        data: new Uint8Array(sizeOf(zeros)).fill(0x88),
      });
  }
  return [...tensors.float32, ...tensors.blocks, ...tensors.half];
}

/** A norm of ones, or a matrix of numbers from −0.02 to 0.02. */
function float32(name: string, shape: readonly number[], random: Uint8Array): TensorToWrite {
  if (shape.length === 1) return { name, shape, data: new Float32Array(shape[0]).fill(1) };
  return {
    name,
    shape,
    dtype: 'F32',
    async *data(): AsyncGenerator<Numbers> {
      for await (const bytes of repeated(sizeOf(shape), random)) {
        const numbers = new Float32Array(bytes.length);
        for (let i = 0; i < bytes.length; i++) numbers[i] = (bytes[i] - 127.5) / 6400;
        yield numbers;
      }
    },
  };
}

/** Halves of either sign from 2⁻⁷ to 2⁻⁶. */
async function* halves(count: number, random: Uint8Array): AsyncGenerator<Numbers> {
  for await (const bytes of repeated(2 * count, random)) {
    const words = new Uint16Array(bytes.slice().buffer);
    for (let i = 0; i < words.length; i++) words[i] = 0x2000 | (words[i] & 0x83ff);
    yield new Uint8Array(words.buffer);
  }
}

/**
 * So many random bytes: pieces of the same ones, each from another place. Equal matrices would be kept in memory once.
 */
async function* repeated(count: number, random: Uint8Array): AsyncGenerator<Uint8Array> {
  const most = random.length / 2;
  for (let done = 0; done < count; done += most) {
    const start = 4 * randomInt(most / 4);
    yield random.subarray(start, start + Math.min(most, count - done));
  }
}
