import { blockShapes } from '../checkpoint/block-quantisation.ts';
import type { WeightEntry, Weights } from '../checkpoint/weights.ts';
import { FileError, InvalidOptionError, show, UnsupportedError } from '../base/errors.ts';
import type { ExternalData, QuantisedData } from '../graph/value-writer.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import type { DType } from '../graph/tensor-type.ts';
import {
  expertTotal,
  headWidthOf,
  parameterShapes,
  type TensorNames,
  type TransformerConfig,
} from './config.ts';
import type { Family, ModelConfig } from './families/family.ts';
import { hasAtMost4Bits } from './gguf/kept-blocks.ts';
import { storageOf, type StoredParameter } from './storage.ts';
import {
  type BlockFormatName,
  blockFormats,
  blockNames,
  isBlockFormat,
  type KeptFormat,
  recordedFormat,
  type WeightFormat,
} from './weight-format.ts';

/** What a model says of itself, and where its numbers are; all of it fits together. */
export interface CheckedModel {
  /** With a head of its own where the files have one, see `Family.ownHead`. */
  readonly config: ModelConfig;
  /** The names of the tensors here, of those that the family has. */
  readonly names: TensorNames;
  /** How the network keeps its weights in memory. */
  readonly format: KeptFormat;
}

/** What is to be checked. */
export interface ModelSource {
  /** Of config.json, for messages. */
  readonly path: string;
  /** config.json as it is. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly family: Family;
  readonly config: ModelConfig;
  readonly weights: Weights;
}

/**
 * Holds a config against the tensors, before anything of their size is allocated.
 *
 * @param asked  how the weights are to be kept. Default: as they are stored, and 16 bits widened to 32
 * @throws InvalidOptionError  when the weights aren't stored so that they could be kept as is asked
 * @throws FileError, UnsupportedError  where config and tensors disagree
 */
export function checkModel(
  { path, json, family, config: said, weights }: ModelSource,
  asked: WeightFormat | undefined,
): CheckedModel {
  const recorded = recordedFormat(json, path);
  const wanted = asked ?? recorded ?? 'f32';
  checkSizes(said.transformer, weights.entries.size, path);
  const names = namesIn(weights, family);
  const hasHead = family.ownHead === true && weights.entries.has(names.head);
  const transformer = hasHead ? { ...said.transformer, tiedHead: false } : said.transformer;
  const ofGguf = ggufEntries(weights);
  const isQuantisedGguf = ofGguf.some(({ gguf }) => gguf?.source.type.dequantise);
  const format = isQuantisedGguf ? ggufFormat(asked, ofGguf, weights.directory) : wanted;
  if (!isQuantisedGguf) requireStoredAs(wanted, recorded, weights.directory);
  const expected = isBlockFormat(format)
    ? tensorsIn(storageOf(transformer, names, format), format)
    : allFloats(parameterShapes(transformer, names));
  checkTensors(weights, expected, path, family.unused);
  return { config: { ...said, transformer }, names, format };
}

/** The tensors of a GGUF file that don't lie in it as a network needs them. */
export const ggufEntries = ({ entries }: Weights): WeightEntry[] =>
  [...entries.values()].filter(({ gguf }) => gguf !== undefined);

/** @throws InvalidOptionError  where what is asked has fewer bits than the file: `quantise` makes a copy in them */
function ggufFormat(
  asked: WeightFormat | undefined,
  entries: readonly WeightEntry[],
  directory: string,
): 'stored' | 'f32' | 'f16' {
  if (asked === 'f32' || asked === 'f16') return asked;
  if (asked === 'int4' && !entries.every(({ gguf }) => hasAtMost4Bits(gguf!.source)))
    throw new InvalidOptionError('weights', `must be f32, f16 or int8, as ${directory} is stored`, asked);
  return 'stored';
}

/** Bytes that a table of rotations may take: it's a part of the graph, of which there may be 2 GiB. */
const MAX_ROTATION_BYTES = 2 ** 29;

/** What is made of the config alone, before it's compared with the tensors. @throws FileError  where that would be too much */
function checkSizes(config: TransformerConfig, tensors: number, path: string): void {
  const { layers, maxLength, ropeScaling } = config;
  const experts = expertTotal(config);
  if (layers + experts > tensors)
    throw new FileError(
      path,
      `as many layers and experts as its ${tensors} tensors are enough for`,
      `${layers + experts}`,
    );
  const tables = ropeScaling?.beyond ? 2 : 1;
  const positionBytes = 4 * tables * (config.rotaryWidth ?? headWidthOf(config)); // half a head of cosines, half of sines
  const longest = Math.floor(MAX_ROTATION_BYTES / positionBytes);
  if (maxLength > longest)
    throw new FileError(path, `a longest sequence of at most ${longest} tokens`, `${maxLength}`);
}

/** Blocks can't be made into other numbers than they are, and are made by `quantise` alone. */
function requireStoredAs(format: WeightFormat, recorded: WeightFormat | undefined, directory: string): void {
  const isStored =
    recorded !== undefined && isBlockFormat(recorded) ? format === recorded : !isBlockFormat(format);
  if (isStored) return;
  const stored = recorded !== undefined && isBlockFormat(recorded) ? recorded : 'f32 or f16';
  throw new InvalidOptionError('weights', `must be ${stored}, as ${directory} is stored`, format);
}

/** The family's names that the files have; its own where they have none of them, which is then the error. */
function namesIn(weights: Weights, { names, otherNames = [] }: Family): TensorNames {
  const isThere = (name: string) => weights.entries.has(name);
  return otherNames.find(({ finalNorm }) => isThere(finalNorm)) ?? names;
}

type Expected = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly dtypes: readonly string[] }
>;

const allFloats = (shapes: ReadonlyMap<string, readonly number[]>): Expected =>
  new Map(Array.from(shapes, ([name, shape]) => [name, { shape, dtypes: floats }]));

/** The tensors of a model that is stored in blocks. */
function tensorsIn(parameters: ReadonlyMap<string, StoredParameter>, format: BlockFormatName): Expected {
  const expected = new Map<string, { shape: readonly number[]; dtypes: readonly string[] }>();
  for (const [name, { shape, storage }] of parameters) {
    if (storage !== 'blocks') expected.set(name, { shape, dtypes: floats });
    if (!storage.startsWith('blocks')) continue;
    const { codes, scales, zeros } = blockShapes(shape, blockFormats[format]);
    const names = blockNames(name);
    expected.set(names.codes, { shape: codes, dtypes: ['U8'] });
    expected.set(names.scales, { shape: scales, dtypes: ['F32'] });
    if (zeros) expected.set(names.zeros, { shape: zeros, dtypes: ['U8'] });
  }
  return expected;
}

/** The config and the file have to agree about every tensor before anything of their size is allocated. */
function checkTensors(
  weights: Weights,
  expected: Expected,
  configPath: string,
  unused: (name: string) => boolean = () => false,
): void {
  for (const [name, { shape, dtypes }] of expected) {
    const entry = weights.entries.get(name);
    if (!entry) throw new FileError(weights.directory, `a tensor ${name}, as ${configPath} asks for`, 'none');
    if (!sameShape(entry.shape, shape))
      throw new FileError(
        entry.file,
        `${name} of shape ${showShape(shape)}, as ${configPath} says`,
        showShape(entry.shape),
      );
    if (!dtypes.includes(entry.dtype))
      throw new UnsupportedError(
        `${entry.file}: ${name} is stored as ${entry.dtype}; supported are ${dtypes.join(', ')}`,
      );
  }
  for (const [name, entry] of weights.entries) {
    if (!expected.has(name) && !unused(name))
      throw new FileError(entry.file, `only tensors that ${configPath} asks for`, show(name));
  }
}

const dtypes: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  U8: 'uint8',
};
const floats = ['F64', 'F32', 'F16', 'BF16'];

/**
 * Where the parts of a parameter lie.
 *
 * @param locationOf  what the graph calls a file
 */
export function located(
  { entries }: Weights,
  locationOf: (file: string) => string,
  name: string,
  format: KeptFormat,
): ExternalData | QuantisedData {
  const at = (part: string) => {
    const entry = entries.get(part);
    return entry && external(entry, locationOf);
  };
  const names = blockNames(name);
  const codes = isBlockFormat(format) ? at(names.codes) : undefined;
  if (!codes || !isBlockFormat(format)) return at(name)!;
  const { bits, block } = blockFormats[format];
  return { bits, block, codes, scales: at(names.scales)!, zeros: at(names.zeros), table: at(name) };
}

const external = (
  { file, offset, byteLength, dtype }: WeightEntry,
  locationOf: (file: string) => string,
): ExternalData => ({
  location: locationOf(file),
  offset,
  length: byteLength,
  dtype: dtypes[dtype],
});
