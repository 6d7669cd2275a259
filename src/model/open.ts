import { dirname, relative } from 'node:path';
import { readModelConfig } from '../checkpoint/directory.ts';
import { openWeights, type WeightEntry, type Weights } from '../checkpoint/weights.ts';
import { FileError, show, UnsupportedError } from '../errors.ts';
import type { ExternalData } from '../graph/onnx.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import type { DType } from '../graph/tensor.ts';
import type { Device } from '../runtime/session.ts';
import { parameterShapes, type TensorNames } from './config.ts';
import { diffusionGemma } from './families/diffusion-gemma.ts';
import type { Family, ModelConfig } from './families/family.ts';
import { llada } from './families/llada.ts';
import { lladaMoe } from './families/llada-moe.ts';
import { llada2 } from './families/llada2.ts';
import { a2dLlama, a2dQwen2, a2dQwen3, dream, llama, qwen2, qwen3 } from './families/llama.ts';
import { type Network, openNetwork } from './network.ts';

/** Every family that can be loaded. */
export const families: readonly Family[] = [
  llada,
  lladaMoe,
  llada2,
  dream,
  a2dLlama,
  a2dQwen2,
  a2dQwen3,
  llama,
  qwen2,
  qwen3,
  diffusionGemma,
];

/** A model directory, checked, with its network ready to run. */
export interface OpenedModel {
  readonly family: Family;
  readonly config: ModelConfig;
  /** The names of the tensors in this directory, of those that the family has. */
  readonly names: TensorNames;
  /** config.json as it is. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly weights: Weights;
  readonly network: Network;
}

/**
 * Opens a model directory as Hugging Face lays it out. Nothing is copied: the network reads its weights from the files.
 *
 * @throws FileError         when the directory, its config or its weights are not as they should be
 * @throws UnsupportedError  when it is of another family, or asks for an option that we do not have
 */
export async function openModel(
  directory: string,
  options: { readonly device?: Device; readonly threads?: number } = {},
): Promise<OpenedModel> {
  const { path, config: json } = await readModelConfig(directory);
  const family = familyOf(json, path);
  const config = family.read(json, path);
  const weights = await openWeights(directory, family.partsOf);
  const names = namesIn(weights, family);
  checkTensors(weights, parameterShapes(config.transformer, names), path, family.unused);

  const folder = commonFolder(new Set(Array.from(weights.entries.values(), ({ file }) => file)));
  const locate = (name: string) => external(weights.entries.get(name)!, folder);
  const network = openNetwork(config.transformer, names, { folder, locate }, options);
  return { family, config, names, json, weights, network };
}

/** @throws FileError, UnsupportedError  where config.json names no architecture that there is */
export function familyOf(json: Readonly<Record<string, unknown>>, path: string): Family {
  const known = families.map(({ architecture }) => architecture);
  const names = json.architectures;
  if (!Array.isArray(names))
    throw new FileError(path, `architectures to name one of ${known.join(', ')}`, show(names));
  const family = families.find(({ architecture }) => names.includes(architecture));
  if (!family)
    throw new UnsupportedError(
      `${path}: architecture ${show(names[0])} is not supported; supported are ${known.join(', ')}`,
    );
  return family;
}

/** The family's names that the files have; its own where they have none of them, which is then the error. */
function namesIn(weights: Weights, { names, otherNames = [] }: Family): TensorNames {
  return otherNames.find(({ embedding }) => weights.entries.has(embedding)) ?? names;
}

/** The config and the file have to agree about every tensor before anything of their size is allocated. */
function checkTensors(
  weights: Weights,
  shapes: ReadonlyMap<string, readonly number[]>,
  configPath: string,
  unused: (name: string) => boolean = () => false,
): void {
  for (const [name, shape] of shapes) {
    const entry = weights.entries.get(name);
    if (!entry) throw new FileError(weights.directory, `a tensor ${name}, as ${configPath} asks for`, 'none');
    if (!sameShape(entry.shape, shape))
      throw new FileError(
        entry.file,
        `${name} of shape ${showShape(shape)}, as ${configPath} says`,
        showShape(entry.shape),
      );
    if (!(entry.dtype in dtypes))
      throw new UnsupportedError(
        `${entry.file}: ${name} is stored as ${entry.dtype}; supported are ${Object.keys(dtypes).join(', ')}`,
      );
  }
  for (const [name, entry] of weights.entries) {
    if (!shapes.has(name) && !unused(name))
      throw new FileError(entry.file, `only tensors that ${configPath} asks for`, show(name));
  }
}

const dtypes: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** The folder that all files are in: shards in the hub's cache may be links to different ones. */
function commonFolder(files: ReadonlySet<string>): string {
  const [first, ...rest] = files;
  let folder = dirname(first);
  while (rest.some((file) => relative(folder, file).startsWith('..'))) folder = dirname(folder);
  return folder;
}

const external = ({ file, offset, byteLength, dtype }: WeightEntry, folder: string): ExternalData => ({
  location: relative(folder, file),
  offset,
  length: byteLength,
  dtype: dtypes[dtype],
});
