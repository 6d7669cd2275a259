import { sizeOf } from '../base/array.ts';
import { blockShapes } from '../checkpoint/block-quantisation.ts';
import { usesOfParameters } from '../graph/uses.ts';
import { parameterShapes, parameterTotal, type TensorNames, type TransformerConfig } from './config.ts';
import { forwardInputs, otherInputs } from './network.ts';
import { transformer } from './transformer.ts';
import { type BlockFormatName, blockFormats, isBlockFormat, type WeightFormat } from './weight-format.ts';

/**
 * How a parameter is stored where not all are float32: `half` is 16 bits, for a table whose rows are read; `blocks` is
 * for a matrix that is multiplied with, with a table beside it if its rows are read, too.
 */
export type Storage = 'float32' | 'half' | 'blocks' | 'blocks and table';

/** A parameter's shape, and the form that it is stored in. */
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
  const { mask: _, ...forward } = forwardInputs();
  const inputs = { ...forward, ...otherInputs(config) };
  const uses = usesOfParameters([transformer(config, names, inputs).logits]);
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

/** Bytes that the weights take in files of a format, of 16 bits those of F16. */
export const bytesIn = (config: TransformerConfig, names: TensorNames, format: WeightFormat): number =>
  bytesOf(config, names, format, 4);

/** Bytes in memory for each scale: the engine keeps one of its own, and a sum, beside it. */
export const scaleBytes = 12;

/** Bytes that the weights take in memory in a format. */
export const memoryIn = (config: TransformerConfig, names: TensorNames, format: WeightFormat): number =>
  bytesOf(config, names, format, scaleBytes);

function bytesOf(
  config: TransformerConfig,
  names: TensorNames,
  format: WeightFormat,
  perScale: number,
): number {
  if (format === 'f32') return 4 * parameterTotal(config, names);
  let bytes = 0;
  for (const { shape, storage } of storageOf(config, names, format).values()) {
    if (storage === 'float32') bytes += 4 * sizeOf(shape);
    if (storage === 'half' || storage === 'blocks and table') bytes += 2 * sizeOf(shape);
    if (storage.startsWith('blocks')) {
      const { codes, scales, zeros } = blockShapes(shape, blockFormats[format as BlockFormatName]);
      bytes += sizeOf(codes) + perScale * sizeOf(scales) + (zeros ? sizeOf(zeros) : 0);
    }
  }
  return bytes;
}
