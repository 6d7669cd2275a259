import { bidirectional } from '../src/model/attention-pattern.ts';
import { diffusionGemma } from '../src/model/families/diffusion-gemma.ts';
import type { Family } from '../src/model/families/family.ts';
import { llada } from '../src/model/families/llada.ts';
import { llada2 } from '../src/model/families/llada2.ts';
import { lladaMoe } from '../src/model/families/llada-moe.ts';
import type { WeightFormat } from '../src/model/weight-format.ts';

/** A network of a published shape. */
export interface MadeUp {
  readonly family: Family;
  /** Its config.json. */
  readonly json: Readonly<Record<string, unknown>>;
  /** How its weights are written unless something else is asked. */
  readonly format: WeightFormat;
}

const common = {
  ropeTheta: 500_000,
  normEpsilon: 1e-5,
  qkvBias: false,
  tiedHead: false,
  shiftedLogits: false,
  attention: bidirectional,
} as const;

/** What is timed. Random weights take as long as learned ones. */
export const madeUp = {
  '134m': { family: llada, format: 'f32', json: small(1024) },
  /** The same for long texts. */
  '134m-long': { family: llada, format: 'int8', json: small(40_960) },
  /** LLaDA-8B. */
  '8b': {
    family: llada,
    format: 'int4',
    json: llada.write({
      transformer: {
        ...common,
        layers: 32,
        width: 4096,
        heads: 32,
        kvHeads: 32,
        hidden: 12_288,
        vocabularySize: 126_464,
        maxLength: 4096,
      },
    }),
  },
  /** LLaDA-MoE-7B-A1B. */
  'llada-moe': {
    family: lladaMoe,
    format: 'int4',
    json: {
      architectures: [lladaMoe.architecture],
      hidden_size: 2048,
      num_hidden_layers: 16,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      expert_intermediate_size: 1024,
      moe_layer_freq: Array<number>(16).fill(1),
      num_experts: 64,
      num_experts_per_tok: 8,
      vocab_size: 157_184,
      max_position_embeddings: 8192,
      rms_norm_eps: 1e-5,
      rope_theta: 50_000,
    },
  },
  /** LLaDA2.0-mini and LLaDA2.1-mini. */
  'llada2-mini': { family: llada2, format: 'int4', json: llada2Mini(20) },
  /** Three layers of it, two of them with experts. */
  'llada2-mini-cut': { family: llada2, format: 'f16', json: llada2Mini(3) },
  /** DiffusionGemma-26B-A4B, its text. */
  'diffusion-gemma': {
    family: diffusionGemma,
    format: 'int4',
    json: {
      architectures: [diffusionGemma.architecture],
      canvas_length: 256,
      text_config: {
        hidden_size: 2816,
        num_hidden_layers: 30,
        num_attention_heads: 16,
        num_key_value_heads: 8,
        head_dim: 256,
        global_head_dim: 512,
        num_global_key_value_heads: 2,
        intermediate_size: 2112,
        num_experts: 128,
        top_k_experts: 8,
        moe_intermediate_size: 704,
        sliding_window: 1024,
        vocab_size: 262_144,
        max_position_embeddings: 262_144,
      },
    },
  },
} as const satisfies Record<string, MadeUp>;

export type MadeUpName = keyof typeof madeUp;

function small(maxLength: number): Record<string, unknown> {
  const sizes = { layers: 12, width: 768, heads: 12, kvHeads: 12, hidden: 2048, vocabularySize: 32_000 };
  return llada.write({ transformer: { ...common, ...sizes, maxLength } });
}

function llada2Mini(layers: number): Record<string, unknown> {
  return {
    architectures: [llada2.architecture],
    hidden_size: 2048,
    num_hidden_layers: layers,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    head_dim: 128,
    intermediate_size: 5120,
    moe_intermediate_size: 512,
    first_k_dense_replace: 1,
    num_experts: 256,
    num_experts_per_tok: 8,
    num_shared_experts: 1,
    n_group: 8,
    topk_group: 4,
    routed_scaling_factor: 2.5,
    partial_rotary_factor: 0.5,
    vocab_size: 157_184,
    max_position_embeddings: 32_768,
    rms_norm_eps: 1e-6,
    rope_theta: 600_000,
  };
}
