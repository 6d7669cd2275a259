import { bytesText } from '../base/format-bytes.ts';
import { requireMemory } from '../base/memory.ts';
import type { GgufSource } from '../checkpoint/gguf/file.ts';
import { expertTotal, type TensorNames, type TransformerConfig } from '../model/config.ts';
import type { GgufModel } from '../model/gguf/model.ts';
import type { OpenedModel } from '../model/open.ts';
import { samplingMemory } from '../model/sampling-memory.ts';
import { storedBytes } from '../model/gguf/stored-weights.ts';
import { graphParts } from '../model/parts.ts';
import { memoryIn, storageOf } from '../model/storage.ts';
import { isBlockFormat, type KeptFormat, type WeightFormat, weightFormats } from '../model/weight-format.ts';

/** Bytes that the weights of a model take while it runs, for each way in which they can be kept. */
export type WeightsMemory = Readonly<Partial<Record<KeptFormat, number>>>;

/** What the memory of weights depends on. */
export interface WeightedModel {
  readonly config: TransformerConfig;
  readonly names: TensorNames;
  /** How they are kept where nothing is said. */
  readonly usual: KeptFormat;
  /** Of a GGUF file whose quantised weights are kept as they are stored: bytes of all in memory. */
  readonly storedBytes?: number;
}

/** What the memory of an opened model's weights depends on. */
export function weightedModel({ config, names, weights, format: usual }: OpenedModel): WeightedModel {
  const entries = [...weights.entries.values()];
  const sources = entries.flatMap(({ gguf }) => (gguf ? [gguf.source] : []));
  const raw = entries.reduce((sum, { gguf, byteLength }) => sum + (gguf ? 0 : byteLength), 0);
  return weighted(config.transformer, names, usual, sources, raw);
}

/** The same of a GGUF file, before anything is made of it. */
export function weightedGguf({ config, family, sources }: GgufModel): WeightedModel {
  const all = [...sources.values()];
  const usual = all.some(({ type }) => type.dequantise) ? 'stored' : 'f32';
  return weighted(config.transformer, family.names, usual, all);
}

function weighted(
  config: TransformerConfig,
  names: TensorNames,
  usual: KeptFormat,
  sources: readonly GgufSource[],
  rawBytes = 0,
): WeightedModel {
  if (!sources.some(({ type }) => type.dequantise)) return { config, names, usual };
  return {
    config,
    names,
    usual,
    storedBytes: rawBytes + storedBytes(sources, storageOf(config, names, 'int8')),
  };
}

/** How weights can be kept: what is in blocks stays in them; quantised weights of a GGUF file may. */
function formatsOf({ usual, storedBytes }: WeightedModel): readonly KeptFormat[] {
  const formats = isBlockFormat(usual) ? [usual] : weightFormats;
  return storedBytes === undefined ? formats : ['stored', ...formats.filter((format) => format !== 'int8')];
}

/** Those of one of its formats. What is in 16 bits or in blocks is read off a graph, which takes a mixture's 0.1 to 0.4 s. */
const memoryOf = ({ config, names, storedBytes = 0 }: WeightedModel, format: KeptFormat): number =>
  format === 'stored' ? storedBytes : memoryIn(config, names, format);

/** What weights take in each format that they can be kept in. */
export const weightsMemory = (model: WeightedModel): WeightsMemory =>
  Object.fromEntries(formatsOf(model).map((format) => [format, memoryOf(model, format)]));

/** How a model's weights are to be kept. */
export interface WeightsChoice {
  readonly format: KeptFormat;
  /** That they take in memory. */
  readonly bytes: number;
  /** About how long opening takes, in seconds, where the files are in the system's cache. */
  readonly openSeconds: number;
  /** Why it isn't as they are stored, 16 bits widened to 32; absent where it is. */
  readonly reason?: string;
}

/**
 * The weights that a model is run with: as they are stored, 16 bits widened to 32, or, where that doesn't fit into memory
 * beside a text, in the largest format that does.
 *
 * @param asked  a format that a person names
 * @param free   bytes of memory that may be taken
 * @throws InvalidOptionError  where what is asked, or the smallest format that there is, doesn't fit
 */
export function chooseWeights(
  model: WeightedModel,
  asked: WeightFormat | 'auto',
  free: number,
): WeightsChoice {
  const formats = formatsOf(model);
  const text = samplingMemory(model.config).bytes;
  const { usual } = model;
  const kept = (format: KeptFormat): Kept => ({
    format,
    bytes: formats.includes(format) ? memoryOf(model, format) : 0,
  });
  const chosen = ({ format, bytes }: Kept): WeightsChoice => ({
    format,
    bytes,
    openSeconds: openSeconds(model, format, bytes),
  });
  const fits = ({ bytes }: Kept): boolean => bytes + text <= free;
  if (asked !== 'auto') {
    const named = kept(formats.includes(asked) ? asked : usual);
    require(named, 'choose one with fewer bits, or auto');
    return chosen(named);
  }
  const whole = kept(usual);
  if (fits(whole)) return chosen(whole);
  const smaller = formats
    .map(kept)
    .filter(({ bytes }) => bytes < whole.bytes)
    .sort((a, b) => b.bytes - a.bytes);
  const largest = smaller.find(fits);
  if (largest === undefined) require(smaller.at(-1) ?? whole, 'there is no smaller form of them');
  const { format, bytes } = largest!;
  const why = `as ${usual === 'stored' ? 'they are stored' : usual} they need ${bytesText(whole.bytes)}, and ${bytesText(free)} are free`;
  return {
    ...chosen(largest!),
    reason: `the weights are kept as ${format}, in ${bytesText(bytes)}: ${why}`,
  };

  function require({ format, bytes }: Kept, remedy: string): void {
    const form = format === 'stored' ? 'as they are stored' : `as ${format}`;
    const needs = `the weights ${form} and a text`;
    requireMemory({ option: 'weights', value: asked, needs, remedy }, bytes + text, free);
  }
}

/** Weights in a format, and what they take. */
type Kept = Pick<WeightsChoice, 'format' | 'bytes'>;

/**
 * Measured on two cores: what is in blocks is put in another order, and each expert is a part of the graph. Two parts that are
 * opened at the same time take 0.6 of the time of one.
 */
function openSeconds({ config }: WeightedModel, format: KeptFormat, bytes: number): number {
  const secondsAGigabyte = format === 'f32' || format === 'f16' ? 1.2 : 2.5;
  const alone = (bytes / 1e9) * secondsAGigabyte + 3e-3 * expertTotal(config);
  return 0.3 + alone / (1 + 0.7 * (graphParts(bytes, config.layers) - 1));
}
