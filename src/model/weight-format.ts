import * as z from 'zod';
import type { BlockFormat } from '../checkpoint/block-quantisation.ts';
import { FileError, show } from '../base/errors.ts';

/** How the weights of a network are kept in memory, by the names that a person gives. */
export const weightFormats = ['f32', 'f16', 'int8', 'int4'] as const;
/** One of them: floats of 32 or 16 bits, or whole numbers of 8 or 4 bits in blocks that share a scale. */
export type WeightFormat = (typeof weightFormats)[number];
/** The formats whose numbers lie in blocks that share a scale. */
export type BlockFormatName = 'int8' | 'int4';

/** How a network keeps its weights: in a format, or in the blocks that a GGUF file has. */
export type KeptFormat = WeightFormat | 'stored';

/**
 * 4 bits have a zero point in every block: it costs no time and a hundredth of the memory, and blocks of 64 then have a
 * smaller error than symmetric ones of 32, which need more memory (bench/RESULTS.md). Of 8 bits the error is smaller than
 * that of rounding what they are multiplied with.
 */
export const blockFormats: Readonly<Record<BlockFormatName, BlockFormat>> = {
  int8: { bits: 8, block: 64, symmetric: true },
  int4: { bits: 4, block: 64, symmetric: false },
};

/** Whether weights in a format lie in blocks that share a scale. */
export const isBlockFormat = (format: KeptFormat): format is BlockFormatName => format in blockFormats;

/**
 * Whether a session keeps weights in the type that they are stored in, and its graph as it is written: of 16 bits it would make
 * 32, and to a graph in blocks the engine has nothing to add.
 */
export const keepsStoredTypes = (format: KeptFormat): boolean => format === 'f16' || isBlockFormat(format);

/** The names of the tensors that a matrix in blocks is stored as. */
export const blockNames = (name: string) => ({
  codes: `${name}.codes`,
  scales: `${name}.scales`,
  zeros: `${name}.zeros`,
});

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

/** What config.json says under `recordKey` of weights in a format. */
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
  if (!checked.success || !isSame(recordOf(checked.data.format), checked.data)) {
    const known = (['f16', 'int8', 'int4'] as const).map((format) => JSON.stringify(recordOf(format)));
    throw new FileError(path, `${recordKey} to be one of ${known.join(', ')}`, show(record));
  }
  return checked.data.format;
}

/** Whether two flat records have the same fields. */
const isSame = (a: object, b: object): boolean => {
  const fields = (record: object) =>
    JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));
  return fields(a) === fields(b);
};
