import * as z from 'zod';
import { UnsupportedError } from '../../base/errors.ts';
import { type AttentionPattern, bidirectional, causal } from '../attention-pattern.ts';
import type { TensorNames } from '../config.ts';
import type { Family } from './family.ts';
import { causalSampling, dreamSampling, lladaSampling, type SamplingKeys } from './generation-config.ts';
import {
  type ConfigJson,
  count,
  endTokens,
  type Fixed,
  id,
  padToken,
  parseConfig,
  partCount,
  positive,
  requireFixed,
  requireMultiple,
} from './read-config.ts';
import { ropeScalingOf } from './rope-scaling.ts';

/** Where the architectures with Llama's config keys and tensor names differ. */
interface LlamaKind {
  readonly architecture: string;
  /** Of causal ones: what config.json calls them. */
  readonly modelType?: string;
  readonly attention: AttentionPattern;
  readonly sampling: SamplingKeys;
  readonly qkvBias?: boolean;
  readonly qkNorm?: boolean;
  readonly shiftedLogits?: boolean;
  /** It was trained in blocks of `block_size` positions, or of so many where config.json doesn't say. */
  readonly blockLength?: number;
  /** What its own code takes for keys that config.json lacks. */
  readonly defaults?: { readonly maxLength?: number; readonly headWidth?: number };
}

/** The names of Hugging Face's Llama, which most have taken over. */
export const llamaNames: TensorNames = {
  embedding: 'model.embed_tokens.weight',
  finalNorm: 'model.norm.weight',
  head: 'lm_head.weight',
  layer(index) {
    const layer = `model.layers.${index}`;
    return {
      attentionNorm: `${layer}.input_layernorm.weight`,
      query: `${layer}.self_attn.q_proj.weight`,
      key: `${layer}.self_attn.k_proj.weight`,
      value: `${layer}.self_attn.v_proj.weight`,
      queryBias: `${layer}.self_attn.q_proj.bias`,
      keyBias: `${layer}.self_attn.k_proj.bias`,
      valueBias: `${layer}.self_attn.v_proj.bias`,
      queryNorm: `${layer}.self_attn.q_norm.weight`,
      keyNorm: `${layer}.self_attn.k_norm.weight`,
      output: `${layer}.self_attn.o_proj.weight`,
      mlpNorm: `${layer}.post_attention_layernorm.weight`,
      gate: `${layer}.mlp.gate_proj.weight`,
      up: `${layer}.mlp.up_proj.weight`,
      down: `${layer}.mlp.down_proj.weight`,
    };
  },
};

/** The keys that shape the network. */
const schema = z.object({
  hidden_size: count,
  num_hidden_layers: partCount,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  intermediate_size: count,
  vocab_size: count,
  max_position_embeddings: count.nullish(),
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.nullish(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  /** Both of the above, as transformers writes them since version 5. */
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
  original_max_position_embeddings: count.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  mask_token_id: id,
  eos_token_id: endTokens,
  pad_token_id: padToken,
  /** Of models that were trained in blocks. */
  block_size: count.nullish(),
});

/** Options that released models leave at these values, and that nothing here computes otherwise. */
const fixed: Fixed = {
  hidden_act: ['silu', 'swish'],
  attention_bias: [false],
  mlp_bias: [false],
  use_sliding_window: [false],
  use_mrope: [false],
  partial_rotary_factor: [1],
  clip_qkv: [],
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  num_experts: [0],
  num_local_experts: [0],
  quantization_config: [],
};
/** Of causal models: transformers takes their mask away where the config says so, and goes by model_type. */
const fixedCausal = (modelType: string): Fixed => ({ is_causal: [true], model_type: [modelType] });
/** Of the rotary options, those of each kind of layers apart among them. */
const fixedRope: Fixed = { partial_rotary_factor: [1], full_attention: [], sliding_attention: [] };

/** A family with Llama's config keys and tensor names. */
export function llamaFamily(kind: LlamaKind): Family {
  const { architecture, attention, sampling, defaults = {} } = kind;
  return {
    architecture,
    names: llamaNames,
    // old files keep the frequencies that the config says already
    unused: (name) => name.endsWith('.rotary_emb.inv_freq'),
    ownHead: true,
    sampling,
    read(json, path) {
      requireFixed(json, { ...fixed, ...(kind.modelType && fixedCausal(kind.modelType)) }, path);
      requireFullAttention(json, path);
      const config = parseConfig(schema, json, path, architecture);
      const maxLength = config.max_position_embeddings ?? defaults.maxLength ?? 2048;
      const rope = ropeParameters(config, maxLength);
      requireFixed(rope, fixedRope, path);
      const { hidden_size: width, num_attention_heads: heads } = config;
      const kvHeads = config.num_key_value_heads ?? heads;
      const headWidth = config.head_dim ?? defaults.headWidth;
      if (headWidth === undefined)
        requireMultiple(width, 2 * heads, path, 'hidden_size to be a multiple of twice num_attention_heads');
      else requireMultiple(headWidth, 2, path, 'head_dim to be even');
      requireMultiple(heads, kvHeads, path, 'num_attention_heads to be a multiple of num_key_value_heads');
      const ownWidth = headWidth ?? width / heads;
      const ropeTheta = parseConfig(positive, rope.rope_theta, path, architecture);
      const unscaled = { ropeTheta, headWidth: ownWidth, maxLength };
      const ropeScaling = ropeScalingOf(rope, unscaled, { path, architecture });
      return {
        transformer: {
          layers: config.num_hidden_layers,
          width,
          heads,
          kvHeads,
          headWidth: ownWidth,
          hidden: config.intermediate_size,
          vocabularySize: config.vocab_size,
          maxLength: Math.max(maxLength, ropeScaling?.reach ?? 0),
          ropeTheta,
          ropeScaling,
          normEpsilon: config.rms_norm_eps,
          qkvBias: kind.qkvBias ?? false,
          qkNorm: kind.qkNorm ?? false,
          tiedHead: config.tie_word_embeddings,
          shiftedLogits: kind.shiftedLogits ?? false,
          attention,
        },
        maskId: config.mask_token_id ?? undefined,
        endIds: config.eos_token_id,
        padId: config.pad_token_id,
        ...(kind.blockLength !== undefined && { blockLength: config.block_size ?? kind.blockLength }),
      };
    },
  };
}

/**
 * The rotary options of all layers, put together as transformers 5 does: a rope_scaling that says something, else
 * rope_parameters; what these lack is in keys beside them.
 */
function ropeParameters(config: z.infer<typeof schema>, maxLength: number): ConfigJson {
  const isEmpty = Object.keys(config.rope_scaling ?? {}).length === 0;
  const rope = (isEmpty ? config.rope_parameters : config.rope_scaling) ?? {};
  return {
    ...rope,
    rope_theta: rope.rope_theta ?? config.rope_theta ?? 10_000,
    original_max_position_embeddings:
      config.original_max_position_embeddings ?? rope.original_max_position_embeddings ?? maxLength,
  };
}

/** Layers of a kind of their own, as newer configs list them. */
function requireFullAttention({ layer_types: types }: ConfigJson, path: string): void {
  const other = [types ?? []].flat().find((type) => type !== 'full_attention');
  if (other !== undefined)
    throw new UnsupportedError(`${path}: layer_types has ${JSON.stringify(other)}, which is not supported`);
}

const likeLlama = {} as const;
const likeQwen2 = { qkvBias: true, defaults: { maxLength: 32_768 } } as const;
const likeQwen3 = { qkNorm: true, defaults: { maxLength: 32_768, headWidth: 128 } } as const;

const leftToRight = { attention: causal, sampling: causalSampling } as const;
const bothWays = { attention: bidirectional, sampling: lladaSampling } as const;

/** Llama: causal, what mask predictors are compared with. */
export const llama = llamaFamily({
  ...likeLlama,
  architecture: 'LlamaForCausalLM',
  modelType: 'llama',
  ...leftToRight,
});
/** Qwen2 and Qwen2.5: biases in the projections of attention. */
export const qwen2 = llamaFamily({
  ...likeQwen2,
  architecture: 'Qwen2ForCausalLM',
  modelType: 'qwen2',
  ...leftToRight,
});
/** Qwen3: queries and keys are normalised per head. */
export const qwen3 = llamaFamily({
  ...likeQwen3,
  architecture: 'Qwen3ForCausalLM',
  modelType: 'qwen3',
  ...leftToRight,
});

/** Llama turned into a masked diffusion model, by taking the causal mask away (dLLM's A2D). */
export const a2dLlama = llamaFamily({
  ...likeLlama,
  architecture: 'A2DLlamaLMHeadModel',
  ...bothWays,
});
/** Qwen2 turned into a masked diffusion model (dLLM's A2D). */
export const a2dQwen2 = llamaFamily({
  ...likeQwen2,
  architecture: 'A2DQwen2LMHeadModel',
  ...bothWays,
});
/** Qwen3 turned into a masked diffusion model (dLLM's A2D). */
export const a2dQwen3 = llamaFamily({
  ...likeQwen3,
  architecture: 'A2DQwen3LMHeadModel',
  ...bothWays,
});

/** Dream-7B and what was made from it: Qwen2.5, still predicting each token at the position before it. */
export const dreamFamily = llamaFamily({
  ...likeQwen2,
  architecture: 'DreamModel',
  attention: bidirectional,
  sampling: dreamSampling,
  shiftedLogits: true,
});

/** SDAR: Qwen3, trained on in blocks of 4 (JetAstra/SDAR). */
export const sdar = llamaFamily({
  ...likeQwen3,
  architecture: 'SDARForCausalLM',
  ...bothWays,
  blockLength: 4,
});
