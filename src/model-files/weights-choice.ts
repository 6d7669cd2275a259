import { memoryText, requireMemory } from '../base/memory.ts';
import type { GgufSource } from '../checkpoint/gguf/file.ts';
import type { TensorNames, TransformerConfig } from '../model/config.ts';
import type { GgufModel } from '../model/gguf/model.ts';
import type { OpenedModel } from '../model/open.ts';
import { samplingMemory } from '../model/sampling-memory.ts';
import { storedBytes } from '../model/gguf/stored-weights.ts';
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

export function weightedModel({ config, names, weights, format: usual }: OpenedModel): WeightedModel {
  const entries = [...weights.entries.values()];
  const sources = entries.flatMap(({ gguf }) => (gguf ? [gguf.source] : []));
  const raw = entries.reduce((sum, { gguf, byteLength }) => sum + (gguf ? 0 : byteLength), 0);
  return weighted(config.transformer, names, usual, sources, raw);
}

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

/** What is in blocks stays in them; quantised weights of a GGUF file may. */
export function weightsMemory({ config, names, usual, storedBytes: stored }: WeightedModel): WeightsMemory {
  const formats = isBlockFormat(usual) ? [usual] : weightFormats;
  const memory = Object.fromEntries(formats.map((format) => [format, memoryIn(config, names, format)]));
  if (stored === undefined) return memory;
  const { int8: _, ...others } = memory;
  return { stored, ...others };
}

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
  const memory = weightsMemory(model);
  const text = samplingMemory(model.config).bytes;
  const { usual } = model;
  const bytesOf = (format: KeptFormat): number => memory[format] ?? memory[usual] ?? 0;
  const chosen = (format: KeptFormat): WeightsChoice => ({
    format,
    bytes: bytesOf(format),
    openSeconds: openSeconds(model, format, bytesOf(format)),
  });
  if (asked !== 'auto') {
    const format = asked in memory ? asked : usual;
    require(format, 'choose one with fewer bits, or auto');
    return chosen(format);
  }
  const smaller = (Object.keys(memory) as KeptFormat[])
    .filter((format) => bytesOf(format) < bytesOf(usual))
    .sort((a, b) => bytesOf(b) - bytesOf(a));
  const format = [usual, ...smaller].find((one) => bytesOf(one) + text <= free);
  if (format === usual) return chosen(usual);
  if (format === undefined) require(smaller.at(-1) ?? usual, 'there is no smaller form of them');
  const why = `as ${usual === 'stored' ? 'they are stored' : usual} they need ${memoryText(bytesOf(usual))}, and ${memoryText(free)} are free`;
  return {
    ...chosen(format!),
    reason: `the weights are kept as ${format}, in ${memoryText(bytesOf(format!))}: ${why}`,
  };

  function require(format: KeptFormat, remedy: string): void {
    const form = format === 'stored' ? 'as they are stored' : `as ${format}`;
    const needs = `the weights ${form} and a text`;
    requireMemory({ option: 'weights', value: asked, needs, remedy }, bytesOf(format) + text, free);
  }
}

/** Measured on two cores: what is in blocks is put in another order, and each expert is a part of the graph. */
function openSeconds({ config }: WeightedModel, format: KeptFormat, bytes: number): number {
  const { mixture } = config;
  const experts = mixture ? mixture.layers.filter(Boolean).length * mixture.experts : 0;
  const secondsAGigabyte = format === 'f32' || format === 'f16' ? 1.2 : 2.5;
  return 0.3 + (bytes / 1e9) * secondsAGigabyte + 3e-3 * experts;
}
