import * as z from 'zod';
import { FileError } from '../../base/errors.ts';
import { geluTanh } from '../../graph/composites.ts';
import { softmax } from '../../graph/primitives.ts';
import { bidirectional, causal, slidingCanvas, slidingCausal } from '../attention-pattern.ts';
import type { TensorNames } from '../config.ts';
import type { Mixture } from '../mixture.ts';
import type { Family } from './family.ts';
import { diffusionGemmaSampling } from './generation-config.ts';
import {
  type ConfigJson,
  count,
  endTokens,
  type Fixed,
  padToken,
  parseConfig,
  partCount,
  positive,
  requireFixed,
  requireMultiple,
} from './read-config.ts';

/** The keys that shape the network: those of `text_config`. Defaults are those of its own code. */
const schema = z.object({
  hidden_size: count,
  num_hidden_layers: partCount,
  num_attention_heads: count,
  num_key_value_heads: count,
  head_dim: count,
  /** Of the layers with full attention. */
  global_head_dim: count.default(512),
  num_global_key_value_heads: count.nullish(),
  intermediate_size: count,
  num_experts: partCount,
  top_k_experts: count,
  moe_intermediate_size: count,
  layer_types: z.array(z.enum(['sliding_attention', 'full_attention'])).nullish(),
  sliding_window: count.default(512),
  rope_parameters: z
    .object({
      sliding_attention: z.record(z.string(), z.unknown()),
      full_attention: z.record(z.string(), z.unknown()),
    })
    .nullish(),
  final_logit_softcapping: positive.default(30),
  vocab_size: count,
  max_position_embeddings: count.default(131_072),
  rms_norm_eps: positive.default(1e-6),
  eos_token_id: endTokens,
  pad_token_id: padToken,
});

const fixed: Fixed = { tie_word_embeddings: [true], quantization_config: [] };
const fixedText: Fixed = {
  attention_bias: [false],
  hidden_activation: ['gelu_pytorch_tanh'],
  per_layer_config: [],
  tie_word_embeddings: [true],
  use_bidirectional_attention: ['vision'],
};

const maxExperts = 10_000;
const canvasLength = count.default(256);
const theta = positive.default(10_000);
const share = positive.max(1).default(1);

/** The matrices of one expert, in the file parts of two tensors. */
const expertNames = (stack: string, e: number) => ({
  gate: `${stack}.gate_up_proj[${e}].gate`,
  up: `${stack}.gate_up_proj[${e}].up`,
  down: `${stack}.down_proj[${e}]`,
});

const mlp = (name: string) => ({
  gate: `${name}.gate_proj.weight`,
  up: `${name}.up_proj.weight`,
  down: `${name}.down_proj.weight`,
});

/** Encoder and decoder share all tensors but a number in each layer. */
const names: TensorNames = {
  embedding: 'model.decoder.embed_tokens.weight',
  finalNorm: 'model.decoder.norm.weight',
  head: 'lm_head.weight',
  selfConditioning: {
    norm: 'model.decoder.self_conditioning.pre_norm.weight',
    ...mlp('model.decoder.self_conditioning'),
  },
  layer(index) {
    const layer = `model.decoder.layers.${index}`;
    const attention = `${layer}.self_attn`;
    return {
      attentionNorm: `${layer}.input_layernorm.weight`,
      query: `${attention}.q_proj.weight`,
      key: `${attention}.k_proj.weight`,
      value: `${attention}.v_proj.weight`,
      queryBias: `${attention}.q_proj.bias`,
      keyBias: `${attention}.k_proj.bias`,
      valueBias: `${attention}.v_proj.bias`,
      queryNorm: `${attention}.q_norm.weight`,
      keyNorm: `${attention}.k_norm.weight`,
      output: `${attention}.o_proj.weight`,
      attentionPostNorm: `${layer}.post_attention_layernorm.weight`,
      mlpNorm: `${layer}.pre_feedforward_layernorm.weight`,
      mlpPostNorm: `${layer}.post_feedforward_layernorm.weight`,
      ...mlp(`${layer}.mlp`),
      mixture: {
        router: `${layer}.router.proj.weight`,
        selectionBias: `${layer}.router.proj.bias`,
        shared: mlp(`${layer}.experts.shared`),
        expert: (e) => expertNames(`${layer}.experts`, e),
        besideMlp: {
          mlpOutputNorm: `${layer}.post_feedforward_layernorm_1.weight`,
          inputNorm: `${layer}.pre_feedforward_layernorm_2.weight`,
          outputNorm: `${layer}.post_feedforward_layernorm_2.weight`,
          routerNorm: `${layer}.router.scale`,
          expertScale: `${layer}.router.per_expert_scale`,
        },
      },
      scalar: `${layer}.layer_scalar`,
      encoderScalar: `model.encoder.language_model.layers.${index}.layer_scalar`,
    };
  },
};

/**
 * DiffusionGemma-26B-A4B, its text: one network in two roles. As an encoder it reads what is written, causally; as a
 * decoder it looks at that and at a canvas of random tokens, all of it at once.
 */
export const diffusionGemma: Family = {
  architecture: 'DiffusionGemmaForBlockDiffusion',
  names,
  sampling: diffusionGemmaSampling,

  unused: (name) => /^model\.encoder\.(vision_tower|embed_vision)\./.test(name),

  partsOf(name, [experts, rows, ...rest]) {
    const [, stack, matrices] =
      /^(model\.decoder\.layers\.\d+\.experts)\.(gate_up|down)_proj$/.exec(name) ?? [];
    // a stack of any other shape, or of more than there can be, is no stack
    if (stack === undefined || rest.length !== 1 || experts > maxExperts) return undefined;
    if (matrices === 'gate_up' && rows % 2 !== 0) return undefined;
    const all = Array.from({ length: experts }, (_, e) => expertNames(stack, e));
    if (matrices === 'down') return all.map(({ down }) => ({ name: down, shape: [rows, ...rest] }));
    return all.flatMap(({ gate, up }) =>
      [gate, up].map((part) => ({ name: part, shape: [rows / 2, ...rest] })),
    );
  },

  read(json, path) {
    requireFixed(json, fixed, path);
    const text = parseConfig(z.record(z.string(), z.unknown()), json.text_config, path, 'text_config');
    requireFixed(text, fixedText, path);
    const config = parseConfig(schema, text, path, diffusionGemma.architecture);
    const { hidden_size: width, num_hidden_layers: layers } = config;
    const types = config.layer_types ?? defaultTypes(layers);
    if (types.length !== layers)
      throw new FileError(path, `layer_types for each of ${layers} layers`, `${types.length}`);

    const kinds = layerKinds(config, path);
    return {
      transformer: {
        ...kinds.full_attention,
        perLayer: types.map((type) => kinds[type]),
        layers,
        width,
        hidden: config.intermediate_size,
        activation: geluTanh,
        mixture: mixtureOf(config, path),
        vocabularySize: config.vocab_size,
        maxLength: config.max_position_embeddings,
        normEpsilon: config.rms_norm_eps,
        qkvBias: false,
        qkNorm: true,
        valueNorm: true,
        attentionScale: 1,
        postNorms: true,
        layerScalar: true,
        embeddingScale: Math.sqrt(width),
        selfConditioning: true,
        tiedHead: true,
        logitCap: config.final_logit_softcapping,
        shiftedLogits: false,
      },
      noise: 'uniform',
      sampling: {
        ...ownSampling,
        blockLength: parseConfig(canvasLength, json.canvas_length, path, 'canvas_length'),
      },
      endIds: config.eos_token_id,
      padId: config.pad_token_id,
    };
  },
};

/** What its own sampler does where nothing is said. */
const ownSampling = {
  strategy: 'renoising',
  length: 256,
  stepsPerBlock: 48,
  temperature: 0.8,
  finalTemperature: 0.4,
  entropyBound: 0.1,
  stability: 1,
  confidence: 0.005,
} as const;

type Config = z.output<typeof schema>;

/** The attention of each kind of layer. */
function layerKinds(config: Config, path: string) {
  const heads = config.num_attention_heads;
  const { sliding_attention: slidingRope, full_attention: fullRope } = config.rope_parameters ?? defaultRope;
  const sliding = {
    heads,
    kvHeads: config.num_key_value_heads,
    headWidth: config.head_dim,
    valueIsKey: false,
    ...rotationOf(slidingRope, config.head_dim, path),
  };
  const full = {
    heads,
    kvHeads: config.num_global_key_value_heads ?? config.num_key_value_heads,
    headWidth: config.global_head_dim,
    valueIsKey: true,
    ...rotationOf(fullRope, config.global_head_dim, path),
  };
  for (const { kvHeads, headWidth } of [sliding, full]) {
    requireMultiple(heads, kvHeads, path, 'num_attention_heads to be a multiple of num_key_value_heads');
    requireMultiple(headWidth, 2, path, 'head_dim to be even');
  }
  const window = config.sliding_window;
  return {
    sliding_attention: {
      ...sliding,
      attention: slidingCanvas(window),
      encoderAttention: slidingCausal(window),
    },
    full_attention: { ...full, attention: bidirectional, encoderAttention: causal },
  };
}

/** @throws FileError  for more experts a token than there are */
function mixtureOf(config: Config, path: string): Mixture {
  const { num_experts: experts, top_k_experts: chosen } = config;
  if (chosen > experts)
    throw new FileError(path, `top_k_experts of at most num_experts, ${experts}`, `${chosen}`);
  return {
    layers: Array.from({ length: config.num_hidden_layers }, () => true),
    besideMlp: true,
    experts,
    chosen,
    hidden: config.moe_intermediate_size,
    score: softmax,
    selectionBias: false,
    normalised: true,
    scale: 1,
  };
}

/** Every sixth layer sees everything, and the last. */
const defaultTypes = (layers: number) =>
  Array.from({ length: layers }, (_, i) =>
    (i + 1) % 6 === 0 || i === layers - 1 ? 'full_attention' : 'sliding_attention',
  );

const defaultRope: Record<'sliding_attention' | 'full_attention', ConfigJson> = {
  sliding_attention: { rope_type: 'default', rope_theta: 10_000 },
  full_attention: { rope_type: 'proportional', rope_theta: 1_000_000, partial_rotary_factor: 0.25 },
};

/** "proportional" leaves the slowest frequencies out, where "default" has all of them. */
function rotationOf(
  rope: ConfigJson,
  headWidth: number,
  path: string,
): { ropeTheta: number; rotaryFrequencies: number | undefined } {
  requireFixed(rope, { rope_type: ['default', 'proportional'], factor: [1] }, path);
  const ropeTheta = parseConfig(theta, rope.rope_theta ?? undefined, path, 'rope_theta');
  if (rope.rope_type !== 'proportional') {
    requireFixed(rope, { partial_rotary_factor: [1] }, path);
    return { ropeTheta, rotaryFrequencies: undefined };
  }
  const part = parseConfig(share, rope.partial_rotary_factor ?? undefined, path, 'partial_rotary_factor');
  return { ropeTheta, rotaryFrequencies: Math.floor((part * headWidth) / 2) };
}
