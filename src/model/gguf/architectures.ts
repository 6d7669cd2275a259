import { FileError, UnsupportedError } from '../../base/errors.ts';
import { bidirectional } from '../attention-pattern.ts';
import { llada } from '../families/llada.ts';
import { lladaMoe } from '../families/llada-moe.ts';
import { a2dLlama, a2dQwen2, a2dQwen3, dreamFamily, llama, qwen2, qwen3 } from '../families/llama.ts';
import type { Family } from '../families/family.ts';
import type { GgufKeys } from './keys.ts';

/** What the tensors of a file say, beside its keys. */
export interface TensorFacts {
  /** Rows of the embedding. */
  readonly vocabularySize: number;
  readonly tiedHead: boolean;
  readonly qkvBias: boolean;
  /** Which layers have experts, and how many are stacked in the first that has. */
  readonly mixtureLayers: readonly boolean[];
  readonly experts: number;
  /** As config.json has it. */
  readonly ropeScaling?: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;

/** How one of llama.cpp's architectures becomes one of our families. */
export interface GgufArchitecture {
  /** Whether queries and keys have interleaved heads: where llama.cpp rotates neighbours. */
  readonly interleaved: boolean;
  /** What `attention.causal` is where a file doesn't say. */
  readonly causal: boolean;
  /** The families, by attention and by `diffusion.shift_logits`; a causal model has no such key. */
  readonly families: readonly {
    readonly causal: boolean;
    readonly shifted?: boolean;
    readonly family: Family;
  }[];
  /** The config.json. */
  config(keys: GgufKeys, family: Family, facts: TensorFacts, shifted: boolean): Json;
}

/** The networks of llama.cpp that are opened, by `general.architecture`. */
export const architectures: Readonly<Record<string, GgufArchitecture>> = {
  llada: {
    interleaved: true,
    causal: false,
    families: [
      { causal: false, shifted: false, family: llada },
      { causal: false, shifted: true, family: llada },
    ],
    config: (keys, _family, facts, shifted) => {
      const { layers, width, heads, kvHeads } = sizesOf(keys);
      requireDivided(keys);
      requireNoExperts(keys);
      keys.requireFixed({ 'rope.scaling.type': ['none'], 'rope.scaling.factor': [0, 1] });
      if (facts.ropeScaling)
        throw new UnsupportedError(`${keys.path}: rope_freqs.weight is not supported in llada`);
      return llada.write({
        transformer: {
          layers,
          width,
          heads,
          kvHeads,
          hidden: keys.count('feed_forward_length'),
          vocabularySize: facts.vocabularySize,
          maxLength: keys.count('context_length'),
          ropeTheta: ropeTheta(keys),
          normEpsilon: keys.positive(epsilon),
          qkvBias: facts.qkvBias,
          tiedHead: facts.tiedHead,
          shiftedLogits: shifted,
          attention: bidirectional,
        },
        ...specialIds(keys),
      });
    },
  },
  'llada-moe': {
    interleaved: false,
    causal: false,
    families: [{ causal: false, shifted: false, family: lladaMoe }],
    config: (keys, family, facts) => {
      const { layers } = sizesOf(keys);
      requireDivided(keys);
      // softmax is ggml's 1; an older file has no such key
      keys.requireFixed({ expert_gating_func: [1], expert_weights_scale: [0, 1], expert_shared_count: [0] });
      const [experts, chosen] = [keys.count('expert_count'), keys.count('expert_used_count')];
      if (experts !== facts.experts)
        throw new FileError(keys.path, `${facts.experts} experts, as are stacked in a tensor`, `${experts}`);
      if (layers * experts > maxExperts)
        keys.unsupported('expert_count', `and at most ${maxExperts} are supported in all layers`);
      const hidden = keys.optionalCount('feed_forward_length');
      return {
        ...likeLlama(keys, family, facts),
        dense_intermediate_size: hidden,
        expert_intermediate_size:
          keys.optionalCount('expert_feed_forward_length') ??
          (hidden === undefined ? undefined : hidden / chosen),
        moe_layer_freq: Array.from({ length: layers }, (_, i) => (facts.mixtureLayers[i] ? 1 : 0)),
        num_experts: experts,
        num_experts_per_tok: chosen,
        norm_topk_prob: keys.flag('expert_weights_norm') ?? false,
      };
    },
  },
  dream: dense({ causal: false, families: [{ causal: false, shifted: true, family: dreamFamily }] }),
  llama: dense({
    interleaved: true,
    families: [
      { causal: true, family: llama },
      { causal: false, shifted: false, family: a2dLlama },
    ],
  }),
  qwen2: dense({
    families: [
      { causal: true, family: qwen2 },
      { causal: false, shifted: false, family: a2dQwen2 },
      { causal: false, shifted: true, family: dreamFamily },
    ],
  }),
  qwen3: dense({
    families: [
      { causal: true, family: qwen3 },
      { causal: false, shifted: false, family: a2dQwen3 },
    ],
  }),
};

/** An architecture with Llama's config keys and no experts. */
function dense(
  kind: Pick<GgufArchitecture, 'families'> & Partial<Pick<GgufArchitecture, 'interleaved' | 'causal'>>,
): GgufArchitecture {
  return {
    interleaved: false,
    causal: true,
    ...kind,
    config: (keys, family, facts) => {
      requireNoExperts(keys);
      return { ...likeLlama(keys, family, facts), intermediate_size: keys.count('feed_forward_length') };
    },
  };
}

/** In all layers together; more are an attack on our time and memory. */
const maxExperts = 100_000;

const epsilon = 'attention.layer_norm_rms_epsilon';

/**
 * The family of a file and its config.json.
 *
 * @throws FileError         for a key that is missing or impossible
 * @throws UnsupportedError  for another architecture, or a key with which the computation isn't ours
 */
export function readConfig(
  keys: GgufKeys,
  facts: TensorFacts,
): { readonly family: Family; readonly json: Json } {
  const architecture = architectureOf(keys);
  const causal = keys.flag('attention.causal') ?? architecture.causal;
  // llama.cpp's meaning of a file that doesn't say
  const shifted = keys.flag('.diffusion.shift_logits') ?? true;
  const fitting = architecture.families.filter((kind) => kind.causal === causal);
  if (fitting.length === 0) keys.unsupported('attention.causal');
  const found = fitting.find((kind) => kind.shifted === undefined || kind.shifted === shifted);
  if (!found)
    keys.unsupported(
      '.diffusion.shift_logits',
      `which means ${shifted} and is not supported in ${keys.architecture}`,
    );
  const { family } = found;
  const json = architecture.config(keys, family, facts, shifted);
  keys.optionalCount('vocab_size');
  keys.requireFixed(fixed);
  keys.requireNoOthers();
  return { family, json };
}

/** @throws UnsupportedError  for another architecture than ours */
export function architectureOf({ path, architecture }: GgufKeys): GgufArchitecture {
  if (Object.hasOwn(architectures, architecture)) return architectures[architecture];
  throw new UnsupportedError(
    `${path}: general.architecture ${JSON.stringify(architecture)} is not supported; supported are ${Object.keys(architectures).join(', ')}`,
  );
}

/** Keys that files may have, at the values at which they ask for nothing that the transformer lacks. */
const fixed: Readonly<Record<string, readonly unknown[]>> = {
  'attention.clamp_kqv': [0],
  'attention.max_alibi_bias': [0],
  'attention.scale': [0],
  'attention.sliding_window': [0],
  attn_logit_softcapping: [0],
  embedding_scale: [0, 1],
  final_logit_softcapping: [0],
  logit_scale: [0, 1],
  pooling_type: [0],
  residual_scale: [0, 1],
  'rope.scaling.attn_factor': [1],
  'rope.scale_linear': [0, 1],
  use_parallel_residual: [false],
};

/** The sizes that every architecture has. */
function sizesOf(keys: GgufKeys) {
  const [layers, width, heads] = [
    keys.count('block_count'),
    keys.count('embedding_length'),
    keys.count('attention.head_count'),
  ];
  const kvHeads = keys.optionalCount('attention.head_count_kv') ?? heads;
  return { layers, width, heads, kvHeads };
}

/** The width of a head, which has to be all rotated. */
export function ggufHeadWidth(keys: GgufKeys): number {
  const { width, heads } = sizesOf(keys);
  const headWidth = keys.optionalCount('attention.key_length') ?? width / heads;
  if (!Number.isInteger(headWidth / 2) || headWidth === 0)
    throw new FileError(keys.path, 'heads of an even width', `${width} in ${heads} heads: ${headWidth}`);
  requireEqual(keys, 'attention.value_length', headWidth);
  requireEqual(keys, 'rope.dimension_count', headWidth);
  return headWidth;
}

/** For families whose config.json has no key for the width of a head. */
function requireDivided(keys: GgufKeys): void {
  const { width, heads } = sizesOf(keys);
  if (ggufHeadWidth(keys) !== width / heads)
    keys.unsupported('attention.key_length', `and only ${width / heads} is supported`);
}

/** The base of the rotary frequencies, as llama.cpp has it where a file says none. */
export const ropeTheta = (keys: GgufKeys): number => keys.optionalPositive('rope.freq_base') ?? 10_000;

function likeLlama(keys: GgufKeys, family: Family, facts: TensorFacts): Json {
  const { layers, width, heads, kvHeads } = sizesOf(keys);
  const { maskId, endIds, padId } = specialIds(keys);
  return {
    architectures: [family.architecture],
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: ggufHeadWidth(keys),
    hidden_act: 'silu',
    vocab_size: facts.vocabularySize,
    max_position_embeddings: keys.count('context_length'),
    rms_norm_eps: keys.positive(epsilon),
    rope_theta: ropeTheta(keys),
    rope_scaling: facts.ropeScaling ?? ropeScalingIn(keys),
    tie_word_embeddings: facts.tiedHead,
    mask_token_id: maskId,
    eos_token_id: endIds[0],
    pad_token_id: padId,
  };
}

/** The scaling of rotary frequencies that keys ask for, as config.json has it. */
function ropeScalingIn(keys: GgufKeys): Json | undefined {
  const type = keys.optionalText('rope.scaling.type') ?? 'none';
  const factor = keys.optionalNumber('rope.scaling.factor') ?? 0; // 0 is 1 in llama.cpp
  const original = keys.optionalCount('rope.scaling.original_context_length');
  if (type === 'none' || factor === 0) return undefined;
  if (type === 'linear') return { rope_type: 'linear', factor };
  if (type !== 'yarn') keys.unsupported('rope.scaling.type');
  const length = original ?? keys.count('context_length');
  return { rope_type: 'yarn', factor, original_max_position_embeddings: length };
}

const specialIds = (keys: GgufKeys) => ({
  maskId: keys.tokenId('mask'),
  endIds: [keys.tokenId('eos') ?? []].flat(),
  padId: keys.tokenId('padding'),
});

function requireEqual(keys: GgufKeys, key: string, value: number): void {
  const found = keys.optionalCount(key);
  if (found !== undefined && found !== value) keys.unsupported(key, `and only ${value} is supported`);
}

const requireNoExperts = (keys: GgufKeys): void =>
  keys.requireFixed({ expert_count: [0], expert_used_count: [0] });
