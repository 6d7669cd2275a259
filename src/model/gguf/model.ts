import { type GgufFile, type GgufSource, readGgufRows, sourceOf } from '../../checkpoint/gguf/file.ts';
import type { GgufTensor } from '../../checkpoint/gguf/header.ts';
import { readableTypes } from '../../checkpoint/gguf/types.ts';
import { FileError, show, UnsupportedError } from '../../base/errors.ts';
import { sameShape, showShape } from '../../graph/shape.ts';
import { type LayerNames, parameterShapes, type TensorNames } from '../config.ts';
import type { Family, ModelConfig } from '../families/family.ts';
import { llama3Scaling } from '../families/rope-scaling.ts';
import { architectureOf, ggufHeadWidth, readConfig, ropeTheta, type TensorFacts } from './architectures.ts';
import { GgufKeys } from './keys.ts';

/** What a GGUF file is as a model of one of our families, checked; no weight has been read. */
export interface GgufModel {
  readonly family: Family;
  readonly config: ModelConfig;
  /** Its config.json. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Its tensors, by the family's names. */
  readonly sources: ReadonlyMap<string, GgufSource>;
}

/**
 * Reads a GGUF file as a model.
 *
 * @throws FileError         for keys or tensors that are missing, impossible or disagree
 * @throws UnsupportedError  for what we don't compute: an architecture, a key, a tensor or its type
 */
export async function ggufModel(file: GgufFile): Promise<GgufModel> {
  requireWhole(file);
  const keys = new GgufKeys(file);
  const { interleaved } = architectureOf(keys);
  const { family, json } = readConfig(keys, await factsOf(file, keys));
  const config = family.read(json, file.path);
  const sources = new Map<string, GgufSource>();
  for (const tensor of file.tensors.values()) {
    if (tensor.name === ropeFactors) continue;
    for (const source of namedBy(tensor, family.names, interleaved ? ggufHeadWidth(keys) : undefined, file)) {
      if (!readableTypes.includes(source.type.name))
        throw new UnsupportedError(
          `${file.path}: tensor ${show(tensor.name)} is stored as ${source.type.name}; supported are ${readableTypes.join(', ')}`,
        );
      sources.set(source.name, source);
    }
  }
  checkShapes(file, sources, parameterShapes(config.transformer, family.names));
  return { family, config, json, sources };
}

/** The metadata and the tensors have to agree before anything of their size is allocated or written. */
function checkShapes(
  { path }: GgufFile,
  sources: ReadonlyMap<string, GgufSource>,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, shape] of shapes) {
    const found = sources.get(name)?.shape;
    if (!found) throw new FileError(path, `a tensor for ${name}, as its metadata ask for`, 'none');
    if (!sameShape(found, shape))
      throw new FileError(
        path,
        `${name} of shape ${showShape(shape)}, as its metadata say`,
        showShape(found),
      );
  }
  for (const name of sources.keys())
    if (!shapes.has(name))
      throw new FileError(path, 'only tensors that its metadata ask for', `one for ${name}`);
}

/** @throws UnsupportedError  for a part of a file, or what is no language model */
function requireWhole({ path, metadata }: GgufFile): void {
  const parts = metadata.get('split.count') ?? 0;
  if (parts !== 0 && parts !== 1)
    throw new UnsupportedError(
      `${path}: the model is split into ${String(parts)} files; join them with llama-gguf-split --merge`,
    );
  const type = metadata.get('general.type') ?? 'model';
  if (type !== 'model')
    throw new UnsupportedError(`${path}: general.type is ${show(String(type))}; supported is "model"`);
}

const ropeFactors = 'rope_freqs.weight';

async function factsOf(file: GgufFile, keys: GgufKeys): Promise<TensorFacts> {
  const { tensors } = file;
  const embedding = tensors.get('token_embd.weight');
  if (!embedding || embedding.shape.length !== 2)
    throw new FileError(
      file.path,
      'a tensor token_embd.weight of two dimensions',
      show(embedding?.shape ?? 'none'),
    );
  const layers = keys.count('block_count');
  if (layers > tensors.size)
    throw new FileError(file.path, `tensors for ${layers} layers`, `${tensors.size} tensors`);
  const factors = tensors.get(ropeFactors);
  const mixtureLayers = Array.from({ length: layers }, (_, i) => tensors.has(`blk.${i}.ffn_gate_inp.weight`));
  const stacked = tensors.get(`blk.${mixtureLayers.indexOf(true)}.ffn_gate_exps.weight`);
  return {
    vocabularySize: embedding.shape[0],
    tiedHead: !tensors.has('output.weight'),
    qkvBias: tensors.has('blk.0.attn_q.bias'),
    mixtureLayers,
    experts: stacked?.shape[0] ?? 0,
    ...(factors && { ropeScaling: await ropeScalingOf(file, keys, factors) }),
  };
}

/**
 * Files have what each rotary frequency is divided by, and not the options that it was computed from. All that is
 * published are Llama 3's: factors of 8 or 32, and the rest as here.
 */
async function ropeScalingOf(file: GgufFile, keys: GgufKeys, tensor: GgufTensor) {
  const headWidth = ggufHeadWidth(keys);
  const rotary = { maxLength: 1, ropeTheta: ropeTheta(keys) };
  if (tensor.shape.length === 1 && tensor.shape[0] === headWidth / 2 && tensor.type.name === 'F32') {
    const { data } = await readGgufRows(file, sourceOf(tensor, tensor.name));
    const scaling = { factor: data.reduce((a, b) => Math.max(a, b)), ...llama3Turns };
    const { divisors } = llama3Scaling(scaling, { ...rotary, headWidth });
    if (data.every((divisor, i) => Math.abs(divisors[i] / divisor - 1) < 1e-4)) {
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.slowTurns,
        high_freq_factor: scaling.fastTurns,
        original_max_position_embeddings: scaling.originalLength,
      };
    }
  }
  throw new UnsupportedError(
    `${file.path}: ${ropeFactors} changes the rotation in another way than Llama 3's, which is not supported`,
  );
}

const llama3Turns = { slowTurns: 1, fastTurns: 4, originalLength: 8192 };

/** The tensors beside the layers, and those of a layer, by llama.cpp's names. */
const outer: Readonly<Record<string, keyof Omit<TensorNames, 'layer' | 'selfConditioning'>>> = {
  'token_embd.weight': 'embedding',
  'output_norm.weight': 'finalNorm',
  'output.weight': 'head',
};
const inLayer: Readonly<Record<string, keyof Omit<LayerNames, 'mixture'>>> = {
  'attn_norm.weight': 'attentionNorm',
  'attn_q.weight': 'query',
  'attn_k.weight': 'key',
  'attn_v.weight': 'value',
  'attn_q.bias': 'queryBias',
  'attn_k.bias': 'keyBias',
  'attn_v.bias': 'valueBias',
  'attn_q_norm.weight': 'queryNorm',
  'attn_k_norm.weight': 'keyNorm',
  'attn_output.weight': 'output',
  'ffn_norm.weight': 'mlpNorm',
  'ffn_gate.weight': 'gate',
  'ffn_up.weight': 'up',
  'ffn_down.weight': 'down',
};
const inExperts: Readonly<Record<string, 'gate' | 'up' | 'down'>> = {
  'ffn_gate_exps.weight': 'gate',
  'ffn_up_exps.weight': 'up',
  'ffn_down_exps.weight': 'down',
};
/** Experts of a layer; published models have up to 512. */
const maxStacked = 4096;
const rotated = /^attn_[qk]\.(weight|bias)$/;

/** A tensor of the file under the names of a family: one, or the experts that are stacked in it. */
function namedBy(
  tensor: GgufTensor,
  names: TensorNames,
  interleaved: number | undefined,
  { path }: GgufFile,
): GgufSource[] {
  const { name, shape } = tensor;
  if (Object.hasOwn(outer, name)) return [sourceOf(tensor, names[outer[name]])];
  const [, index = '', part = ''] = /^blk\.(0|[1-9]\d{0,5})\.(.+)$/.exec(name) ?? [];
  const layer = names.layer(Number(index));
  if (Object.hasOwn(inLayer, part)) {
    const isRotated = interleaved !== undefined && rotated.test(part);
    if (isRotated && shape[0] % interleaved !== 0)
      throw new FileError(path, `${show(name)} to be whole heads of ${interleaved} rows`, `${shape[0]} rows`);
    return [sourceOf(tensor, layer[inLayer[part]] as string, isRotated ? { interleaved } : {})];
  }
  if (layer.mixture && part === 'ffn_gate_inp.weight') return [sourceOf(tensor, layer.mixture.router)];
  if (layer.mixture && Object.hasOwn(inExperts, part) && shape.length === 3) {
    const { expert } = layer.mixture;
    if (shape[0] > maxStacked)
      throw new UnsupportedError(
        `${path}: ${show(name)} has ${shape[0]} experts; at most ${maxStacked} are supported`,
      );
    return Array.from({ length: shape[0] }, (_, index) =>
      sourceOf(tensor, expert(index)[inExperts[part]], { index }),
    );
  }
  throw new UnsupportedError(`${path}: a tensor ${show(name)} is not supported in this architecture`);
}
