import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { sizeOf } from '../array.ts';
import { type BlockFormat, blockShapes } from '../checkpoint/blocks.ts';
import { FileError, show } from '../errors.ts';
import { usesOfParameters } from '../graph/uses.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';
import { forwardInputs } from './network.ts';
import { transformer } from './transformer.ts';

/** How the weights of a network are kept in memory, by the names that a person gives. */
export const weightFormats = ['f32', 'f16', 'int8', 'int4'] as const;
export type WeightFormat = (typeof weightFormats)[number];
export type BlockFormatName = 'int8' | 'int4';

/**
 * 4 bits have a zero point in every block: it costs no time and a hundredth of the memory, and blocks of 64 then have a
 * smaller error than symmetric ones of 32, which need more memory (bench/RESULTS.md). Of 8 bits the error is smaller than
 * that of rounding what they are multiplied with.
 */
export const blockFormats: Readonly<Record<BlockFormatName, BlockFormat>> = {
  int8: { bits: 8, block: 64, symmetric: true },
  int4: { bits: 4, block: 64, symmetric: false },
};

export const isBlockFormat = (format: WeightFormat): format is BlockFormatName => format in blockFormats;

/**
 * How a parameter is stored where not all are float32: `half` is 16 bits, for a table whose rows are read; `blocks` is
 * for a matrix that is multiplied with, with a table beside it if its rows are read, too.
 */
export type Storage = 'float32' | 'half' | 'blocks' | 'blocks and table';

export interface StoredParameter {
  readonly shape: readonly number[];
  readonly storage: Storage;
}

/**
 * How every parameter of a network is stored in a format, by name. What is done with it in the graph decides: so a
 * family's embedding, head and experts need no list. Routers stay float32: a wrong choice of experts costs more than
 * they take.
 */
export function storageOf(
  config: TransformerConfig,
  names: TensorNames,
  format: Exclude<WeightFormat, 'f32'>,
): ReadonlyMap<string, StoredParameter> {
  const { mask: _, ...inputs } = forwardInputs();
  const uses = usesOfParameters([transformer(config, names, inputs)]);
  const routers = new Set(Array.from({ length: config.layers }, (_, i) => names.layer(i).mixture?.router));
  const storage = (name: string): Storage => {
    const used = uses.get(name) ?? new Set();
    if (used.has('other') || routers.has(name)) return 'float32';
    if (!isBlockFormat(format)) return 'half';
    if (!used.has('product')) return 'half';
    return used.has('rows') ? 'blocks and table' : 'blocks';
  };
  return new Map(
    Array.from(parameterShapes(config, names), ([name, shape]) => [name, { shape, storage: storage(name) }]),
  );
}

/** The names of the tensors that a matrix in blocks is stored as. */
export const blockNames = (name: string) => ({
  codes: `${name}.codes`,
  scales: `${name}.scales`,
  zeros: `${name}.zeros`,
});

/** Bytes that the weights take in a format, of 16 bits those of F16. */
export function bytesIn(config: TransformerConfig, names: TensorNames, format: WeightFormat): number {
  if (format === 'f32')
    return [...parameterShapes(config, names).values()].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  let bytes = 0;
  for (const { shape, storage } of storageOf(config, names, format).values()) {
    if (storage === 'float32') bytes += 4 * sizeOf(shape);
    if (storage === 'half' || storage === 'blocks and table') bytes += 2 * sizeOf(shape);
    if (storage.startsWith('blocks')) {
      const { codes, scales, zeros } = blockShapes(shape, blockFormats[format as BlockFormatName]);
      bytes += sizeOf(codes) + 4 * sizeOf(scales) + (zeros ? sizeOf(zeros) : 0);
    }
  }
  return bytes;
}

/** What we add to config.json of a model whose weights are not as it was published. */
export const recordKey = 'unmask_quantization';

const recordSchema = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('f16') }),
  z.strictObject({
    format: z.enum(['int8', 'int4']),
    bits: z.union([z.literal(4), z.literal(8)]),
    block: z.int(),
    symmetric: z.boolean(),
  }),
]);

export const recordOf = (format: Exclude<WeightFormat, 'f32'>): z.output<typeof recordSchema> =>
  isBlockFormat(format) ? { format, ...blockFormats[format] } : { format };

/** The format that a config.json says its weights are in; undefined for a model as it was published. */
export function recordedFormat(
  json: Readonly<Record<string, unknown>>,
  path: string,
): Exclude<WeightFormat, 'f32'> | undefined {
  const record = json[recordKey];
  if (record === undefined) return undefined;
  const checked = recordSchema.safeParse(record);
  if (!checked.success || !isDeepStrictEqual(recordOf(checked.data.format), checked.data)) {
    const known = (['f16', 'int8', 'int4'] as const).map((format) => JSON.stringify(recordOf(format)));
    throw new FileError(path, `${recordKey} to be one of ${known.join(', ')}`, show(record));
  }
  return checked.data.format;
}
