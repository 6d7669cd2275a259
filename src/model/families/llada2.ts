import * as z from 'zod';
import { FileError } from '../../base/errors.ts';
import { sigmoid } from '../../graph/primitives.ts';
import { bidirectional } from '../attention-pattern.ts';
import type { Mixture } from '../mixture.ts';
import type { Family } from './family.ts';
import { llada2Sampling } from './generation-config.ts';
import { lladaMoe } from './llada-moe.ts';
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
  num_key_value_heads: count,
  head_dim: count.nullish(),
  intermediate_size: count,
  moe_intermediate_size: count,
  /** So many layers at the beginning have no experts. */
  first_k_dense_replace: z.number().int().min(0).default(0),
  num_experts: partCount,
  num_experts_per_tok: count,
  num_shared_experts: z.number().int().min(0).nullish(),
  n_group: count.default(1),
  topk_group: count.default(1),
  routed_scaling_factor: positive.default(1),
  partial_rotary_factor: positive.max(1).default(1),
  rotary_dim: count.nullish(),
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
  moe_router_enable_expert_bias: [true],
  norm_head: [false],
  norm_softmax: [false],
  norm_topk_prob: [true],
  quantization_config: [],
  rope_scaling: [],
  router_dtype: ['fp32'],
  score_function: ['sigmoid'],
  use_bias: [false],
  use_qkv_bias: [false],
  use_rmsnorm: [true],
  use_sliding_window: [false],
  using_split_qkv_in_self_attention: [false],
};

/** LLaDA2.0 and 2.1, mini and flash. */
export const llada2: Family = {
  architecture: 'LLaDA2MoeModelLM',
  sampling: llada2Sampling,

  names: {
    ...lladaMoe.names,
    embedding: 'model.word_embeddings.weight',
    layer(index) {
      const attention = `model.layers.${index}.attention`;
      return {
        ...lladaMoe.names.layer(index),
        queryKeyValue: `${attention}.query_key_value.weight`,
        queryNorm: `${attention}.query_layernorm.weight`,
        keyNorm: `${attention}.key_layernorm.weight`,
        output: `${attention}.dense.weight`,
      };
    },
  },

  read(json, path) {
    requireFixed(json, fixed, path);
    const config = parseConfig(schema, json, path, llada2.architecture);
    const { hidden_size: width, num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
    if (config.head_dim == null)
      requireMultiple(width, heads, path, 'hidden_size to be a multiple of num_attention_heads');
    requireMultiple(heads, kvHeads, path, 'num_attention_heads to be a multiple of num_key_value_heads');
    const headWidth = config.head_dim ?? width / heads;
    const rotaryWidth = headWidth * config.partial_rotary_factor;
    requireMultiple(rotaryWidth, 2, path, 'head_dim times partial_rotary_factor to be even');
    const rotaryDim = config.rotary_dim ?? rotaryWidth;
    if (rotaryDim !== rotaryWidth)
      throw new FileError(path, 'rotary_dim to be partial_rotary_factor of head_dim', `${rotaryDim}`);
    return {
      transformer: {
        layers: config.num_hidden_layers,
        width,
        heads,
        kvHeads,
        headWidth,
        rotaryWidth,
        hidden: config.intermediate_size,
        mixture: mixtureOf(config, path),
        vocabularySize: config.vocab_size,
        maxLength: config.max_position_embeddings,
        ropeTheta: plainTheta(json, path, llada2.architecture),
        normEpsilon: config.rms_norm_eps,
        qkvBias: false,
        qkNorm: true,
        tiedHead: config.tie_word_embeddings,
        shiftedLogits: false,
        attention: bidirectional,
      },
      maskId: config.mask_token_id ?? undefined,
      endIds: config.eos_token_id,
      padId: config.pad_token_id,
      blockLength: 32, // its report; config.json doesn't say (arXiv:2512.15745)
    };
  },
};

/** @throws FileError  for groups of experts that don't go together */
function mixtureOf(config: z.output<typeof schema>, path: string): Mixture {
  const { num_experts: experts, num_experts_per_tok: chosen, n_group, topk_group } = config;
  const require = (holds: boolean, expected: string, found: number): void => {
    if (!holds) throw new FileError(path, expected, `${found}`);
  };
  requireMultiple(experts, n_group, path, 'num_experts to be a multiple of n_group');
  const perGroup = experts / n_group;
  const hasGroups = n_group > 1;
  require(!hasGroups || perGroup > 1, 'groups of at least two experts, by num_experts and n_group', perGroup);
  require(topk_group <= n_group, `topk_group of at most n_group, ${n_group}`, topk_group);
  const within = topk_group * perGroup;
  const most = `num_experts_per_tok of at most the ${within} experts in topk_group groups`;
  require(chosen <= within, most, chosen);
  const shared = config.num_shared_experts ?? 0;
  return {
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => i >= config.first_k_dense_replace),
    experts,
    chosen,
    hidden: config.moe_intermediate_size,
    score: sigmoid,
    selectionBias: true,
    groups: hasGroups ? { count: n_group, chosen: topk_group } : undefined,
    normalised: true,
    scale: config.routed_scaling_factor,
    sharedHidden: shared > 0 ? shared * config.moe_intermediate_size : undefined,
  };
}
