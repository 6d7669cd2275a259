import * as z from 'zod';
import { FileError } from '../../base/errors.ts';
import { softmax } from '../../graph/primitives.ts';
import { bidirectional } from '../attention-pattern.ts';
import type { Family } from './family.ts';
import { lladaSampling } from './generation-config.ts';
import { llamaNames } from './llama.ts';
import {
  count,
  endTokens,
  type Fixed,
  id,
  padToken,
  parseConfig,
  partCount,
  plainTheta,
  positive,
  requireFixed,
  requireMultiple,
} from './read-config.ts';

/** The keys that shape the network. */
const schema = z.object({
  hidden_size: count,
  num_hidden_layers: partCount,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  dense_intermediate_size: count.nullish(),
  expert_intermediate_size: count,
  /** 1 for a layer of experts, 0 for one without. */
  moe_layer_freq: z.array(z.union([z.literal(0), z.literal(1)])),
  num_experts: partCount,
  num_experts_per_tok: count,
  norm_topk_prob: z.boolean().nullish(),
  qk_layernorm: z.boolean().default(true),
  vocab_size: count,
  max_position_embeddings: count,
  rms_norm_eps: positive,
  tie_word_embeddings: z.boolean().default(false),
  mask_token_id: id,
  eos_token_id: endTokens,
  pad_token_id: padToken,
});

const fixed: Fixed = {
  hidden_act: ['silu'],
  attention_bias: [false],
  clip_qkv: [],
  moe_router_enable_expert_bias: [false],
  moe_router_score_function: ['softmax'],
  partial_rotary_factor: [1],
  quantization_config: [],
  rope_scaling: [],
  routed_scaling_factor: [1],
  router_num_group: [],
  router_topk_group: [],
  shared_expert_intermediate_size: [0],
};

/** LLaDA-MoE-7B-A1B. Its `model_type` is "llada" too. */
export const lladaMoe: Family = {
  architecture: 'LLaDAMoEModelLM',
  sampling: lladaSampling,

  names: {
    ...llamaNames,
    layer(index) {
      const mlp = `model.layers.${index}.mlp`;
      const swiGlu = (name: string) => ({
        gate: `${name}.gate_proj.weight`,
        up: `${name}.up_proj.weight`,
        down: `${name}.down_proj.weight`,
      });
      return {
        ...llamaNames.layer(index),
        mixture: {
          router: `${mlp}.gate.weight`,
          selectionBias: `${mlp}.gate.expert_bias`,
          shared: swiGlu(`${mlp}.shared_experts`),
          expert: (e) => swiGlu(`${mlp}.experts.${e}`),
        },
      };
    },
  },

  read(json, path) {
    requireFixed(json, fixed, path);
    const config = parseConfig(schema, json, path, lladaMoe.architecture);
    const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = config;
    const kvHeads = config.num_key_value_heads ?? heads;
    requireMultiple(width, 2 * heads, path, 'hidden_size to be a multiple of twice num_attention_heads');
    requireMultiple(heads, kvHeads, path, 'num_attention_heads to be a multiple of num_key_value_heads');
    const kinds = config.moe_layer_freq;
    if (kinds.length !== layers)
      throw new FileError(path, `moe_layer_freq for each of ${layers} layers`, `${kinds.length}`);
    if (config.num_experts_per_tok > config.num_experts)
      throw new FileError(
        path,
        `num_experts_per_tok of at most num_experts, ${config.num_experts}`,
        `${config.num_experts_per_tok}`,
      );
    const dense = config.dense_intermediate_size;
    if (dense == null && kinds.includes(0))
      throw new FileError(path, 'dense_intermediate_size, as moe_layer_freq has a 0', 'none');
    return {
      transformer: {
        layers,
        width,
        heads,
        kvHeads,
        hidden: dense ?? config.expert_intermediate_size,
        mixture: {
          layers: kinds.map((kind) => kind === 1),
          experts: config.num_experts,
          chosen: config.num_experts_per_tok,
          hidden: config.expert_intermediate_size,
          score: softmax,
          selectionBias: false,
          normalised: config.norm_topk_prob ?? false,
          scale: 1,
        },
        vocabularySize: config.vocab_size,
        maxLength: config.max_position_embeddings,
        ropeTheta: plainTheta(json, path, lladaMoe.architecture),
        normEpsilon: config.rms_norm_eps,
        qkvBias: false,
        qkNorm: config.qk_layernorm,
        tiedHead: config.tie_word_embeddings,
        shiftedLogits: false,
        attention: bidirectional,
      },
      maskId: config.mask_token_id ?? undefined,
      endIds: config.eos_token_id,
      padId: config.pad_token_id,
    };
  },
};
