import * as z from 'zod';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import { bidirectional, causal } from '../attention-pattern.ts';
import { headWidthOf, type TransformerConfig } from '../config.ts';
import type { ModelConfig, WritableFamily } from './family.ts';
import { lladaSampling } from './generation-config.ts';
import { llamaFamily, llamaNames } from './llama.ts';
import {
  count,
  endTokens,
  id,
  padToken,
  parseConfig,
  partCount,
  plainTheta,
  positive,
  requireFixed,
  requireMultiple,
} from './read-config.ts';

/** The keys of LLaDA-8B's config.json that shape the network. */
const schema = z.object({
  d_model: count,
  n_layers: partCount,
  n_heads: count,
  n_kv_heads: count.nullish(),
  mlp_hidden_size: count.nullish(),
  mlp_ratio: positive.nullish(),
  vocab_size: count,
  embedding_size: count.nullish(),
  max_sequence_length: count.default(4096),
  rms_norm_eps: positive.default(1e-5),
  include_qkv_bias: z.boolean().nullish(),
  weight_tying: z.boolean().default(true),
  mask_token_id: id,
  eos_token_id: endTokens,
  pad_token_id: padToken,
  /** Ours: absent in published files, which are bidirectional and not shifted. */
  unmask_attention: z.enum(['bidirectional', 'causal', 'block-causal']).default('bidirectional'),
  unmask_block_length: count.nullish(),
  unmask_shifted_logits: z.boolean().default(false),
});

/** Options of LLaDA's config.json that its released models leave at these values, and that nothing here computes otherwise. */
const fixed: Readonly<Record<string, readonly unknown[]>> = {
  activation_type: ['silu', 'swiglu'],
  alibi: [false],
  block_type: ['llama'],
  include_bias: [false],
  layer_norm_type: ['rms'],
  multi_query_attention: [false],
  rope: [true],
  scale_logits: [false],
  attention_layer_norm: [false],
  clip_qkv: [],
  input_emb_norm: [false],
  quantization_config: [],
  rope_scaling: [],
};

/** The values of a network that LLaDA's config.json has keys for. */
const written: ReadonlySet<string> = new Set<keyof TransformerConfig>([
  'layers',
  'width',
  'heads',
  'kvHeads',
  'hidden',
  'vocabularySize',
  'maxLength',
  'ropeTheta',
  'normEpsilon',
  'qkvBias',
  'tiedHead',
  'shiftedLogits',
  'attention',
]);

/** The same network with Llama's keys and names, as LLaDA-V has it: config.json and files may each be of either kind. */
const likeLlama = llamaFamily({
  architecture: 'LLaDAModelLM',
  attention: bidirectional,
  sampling: lladaSampling,
});

/** LLaDA-8B and all that we train: `LLaDAModelLM` (OLMo's keys and names). */
export const llada: WritableFamily = {
  architecture: 'LLaDAModelLM',
  sampling: lladaSampling,

  names: {
    embedding: 'model.transformer.wte.weight',
    finalNorm: 'model.transformer.ln_f.weight',
    head: 'model.transformer.ff_out.weight',
    layer(index) {
      const block = `model.transformer.blocks.${index}`;
      return {
        attentionNorm: `${block}.attn_norm.weight`,
        query: `${block}.q_proj.weight`,
        key: `${block}.k_proj.weight`,
        value: `${block}.v_proj.weight`,
        queryBias: `${block}.q_proj.bias`,
        keyBias: `${block}.k_proj.bias`,
        valueBias: `${block}.v_proj.bias`,
        queryNorm: `${block}.q_norm.weight`,
        keyNorm: `${block}.k_norm.weight`,
        output: `${block}.attn_out.weight`,
        mlpNorm: `${block}.ff_norm.weight`,
        gate: `${block}.ff_proj.weight`,
        up: `${block}.up_proj.weight`,
        down: `${block}.ff_out.weight`,
      };
    },
  },
  otherNames: [llamaNames],

  read(json, path) {
    if (json.d_model === undefined && json.hidden_size !== undefined) return likeLlama.read(json, path);
    requireFixed(json, fixed, path);
    const config = parseConfig(schema, json, path, llada.architecture);
    const kvHeads = config.n_kv_heads ?? config.n_heads;
    const { d_model: width, n_heads: heads } = config;
    requireMultiple(width, 2 * heads, path, 'd_model to be a multiple of twice n_heads');
    requireMultiple(heads, kvHeads, path, 'n_heads to be a multiple of n_kv_heads');
    return {
      transformer: {
        layers: config.n_layers,
        width,
        heads,
        kvHeads,
        hidden: config.mlp_hidden_size ?? (config.mlp_ratio ?? 4) * width,
        vocabularySize: config.embedding_size ?? config.vocab_size,
        maxLength: config.max_sequence_length,
        ropeTheta: plainTheta(json, path, llada.architecture, 10_000),
        normEpsilon: config.rms_norm_eps,
        qkvBias: config.include_qkv_bias ?? false,
        tiedHead: config.weight_tying,
        shiftedLogits: config.unmask_shifted_logits,
        attention: config.unmask_attention === 'causal' ? causal : bidirectional,
      },
      maskId: config.mask_token_id ?? undefined,
      endIds: config.eos_token_id,
      padId: config.pad_token_id,
      ...blockLengthIn(config, path),
      // those that are trained here read the end of the text before
      ...(config.unmask_attention === 'causal' && { startId: config.eos_token_id[0] }),
    };
  },

  write({ transformer, maskId, endIds = [], padId, blockLength, readsWhole }) {
    const headWidth = headWidthOf(transformer);
    const usual = { headWidth: transformer.width / transformer.heads, rotaryWidth: headWidth };
    const others = Object.entries({ ...transformer, headWidth }).filter(
      ([key, value]) => Boolean(value) && !written.has(key) && value !== usual[key as keyof typeof usual],
    );
    if (others.length > 0)
      throw new UnsupportedError(
        `LLaDA's config.json has no key for ${others.map(([key]) => key).join(', ')}, as this network has it`,
      );
    return {
      architectures: [llada.architecture],
      model_type: 'llada',
      activation_type: 'silu',
      alibi: false,
      attention_dropout: 0,
      block_group_size: 1,
      block_type: 'llama',
      d_model: transformer.width,
      embedding_size: transformer.vocabularySize,
      eos_token_id: endIds.length > 1 ? endIds : endIds[0],
      include_bias: false,
      include_qkv_bias: transformer.qkvBias,
      layer_norm_type: 'rms',
      mask_token_id: maskId,
      max_sequence_length: transformer.maxLength,
      mlp_hidden_size: transformer.hidden,
      n_heads: transformer.heads,
      n_kv_heads: transformer.kvHeads,
      n_layers: transformer.layers,
      pad_token_id: padId,
      rms_norm_eps: transformer.normEpsilon,
      rope: true,
      rope_full_precision: true,
      rope_theta: transformer.ropeTheta,
      scale_logits: false,
      vocab_size: transformer.vocabularySize,
      weight_tying: transformer.tiedHead,
      ...(transformer.shiftedLogits ? { unmask_shifted_logits: true } : {}),
      ...(transformer.attention === causal ? { unmask_attention: 'causal' } : {}),
      ...(blockLength === undefined
        ? {}
        : { ...(!readsWhole && { unmask_attention: 'block-causal' }), unmask_block_length: blockLength }),
    };
  },
};

/** The blocks that the network was trained in. @throws FileError  where it isn't said, or said of another attention */
function blockLengthIn(
  { unmask_attention: attention, unmask_block_length: blockLength }: z.output<typeof schema>,
  path: string,
): Pick<ModelConfig, 'blockLength' | 'readsWhole'> {
  if (attention !== 'bidirectional' && (attention === 'block-causal') !== (blockLength != null))
    throw new FileError(
      path,
      'unmask_block_length where unmask_attention is block-causal, and only there or where it is bidirectional',
      `${attention} and ${blockLength ?? 'none'}`,
    );
  return blockLength == null ? {} : { blockLength, readsWhole: attention === 'bidirectional' };
}
