import { sizeOf } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { AttentionPattern } from './attention-pattern.ts';
import { type Mixture, type MixtureNames, mixtureShapes, type MlpNames, mlpShapes } from './mixture.ts';
import type { RopeScaling } from './rotary.ts';

/** How a layer attends. */
export interface AttentionConfig {
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads; fewer than `heads` is grouped-query attention. */
  readonly kvHeads: number;
  /** Width of a head, K, where it isn't D / H. */
  readonly headWidth?: number;
  readonly ropeTheta: number;
  /** How many of a head's K numbers are rotated, where not all are. */
  readonly rotaryWidth?: number;
  /** How many of the rotary frequencies turn, the fastest; the others are zero. Default: all. */
  readonly rotaryFrequencies?: number;
  /** How the rotary frequencies were changed for sequences longer than those of pre-training. */
  readonly ropeScaling?: RopeScaling;
  /** There is no projection to values: they are the keys, before norm and rotation. */
  readonly valueIsKey?: boolean;
  readonly attention: AttentionPattern;
  /** The same where the network encodes, for a network that does. */
  readonly encoderAttention?: AttentionPattern;
}

/** What the one transformer needs to know; every published family's config.json is read into this. */
export interface TransformerConfig extends AttentionConfig {
  readonly layers: number;
  /** Of each layer, where its attention is another than this config's. Default: all are alike. */
  readonly perLayer?: readonly Partial<AttentionConfig>[];
  /** Width of the residual stream, D. */
  readonly width: number;
  /** Inner width of the gated MLP. */
  readonly hidden: number;
  /** The function in the gated MLP. Default: SiLU, which makes it a SwiGLU. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Experts that some layers have in place of the gated MLP, or beside it. */
  readonly mixture?: Mixture;
  /** Rows of the embedding and of the head, V; may exceed what the tokenizer knows. */
  readonly vocabularySize: number;
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  readonly normEpsilon: number;
  /** Biases on the query, key and value projections. */
  readonly qkvBias: boolean;
  /** RMSNorm over each head's query and key, before they are rotated. Henry et al. 2020, as Qwen3 has it. */
  readonly qkNorm?: boolean;
  /** The same over each head's value, without weights. Gemma 4. */
  readonly valueNorm?: boolean;
  /** What q kᵀ is multiplied with. Default: 1 / √K. */
  readonly attentionScale?: number;
  /** RMSNorm over what attention and MLP add to the residual stream, too. Gemma 2. */
  readonly postNorms?: boolean;
  /** Each layer's output is multiplied with a number of its own, another where the network encodes. Gemma 4. */
  readonly layerScalar?: boolean;
  /** What embeddings are multiplied with. Default: 1. */
  readonly embeddingScale?: number;
  /** The network is told what it predicted before. Chen et al. 2022 (arXiv:2208.04202). */
  readonly selfConditioning?: boolean;
  /** The head is the embedding, transposed. */
  readonly tiedHead: boolean;
  /** Logits are bent to stay within ±c: c · tanh(x / c). Gemma 2. */
  readonly logitCap?: number;
  /**
   * Position i is predicted by the output at i − 1 (position 0 by its own), as a causal model does it: kept when a mask
   * predictor is made from one (Dream; Gong et al. 2024, section 3.3).
   */
  readonly shiftedLogits: boolean;
}

/** The names that a family gives to the tensors of one layer. */
export interface LayerNames extends MlpNames {
  readonly attentionNorm: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly queryBias: string;
  readonly keyBias: string;
  readonly valueBias: string;
  readonly queryNorm: string;
  readonly keyNorm: string;
  readonly output: string;
  readonly attentionPostNorm?: string;
  /** All three projections in one tensor, where a family has it so: the rows of the query, of the key, of the value. */
  readonly queryKeyValue?: string;
  readonly mlpNorm: string;
  readonly mlpPostNorm?: string;
  /** Of a layer with experts. */
  readonly mixture?: MixtureNames;
  readonly scalar?: string;
  readonly encoderScalar?: string;
}

/** The names that a family gives to its tensors. */
export interface TensorNames {
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  readonly selfConditioning?: MlpNames & { readonly norm: string };
  layer(index: number): LayerNames;
}

/** The width of a head, K. */
export const headWidthOf = ({ width, heads, headWidth = width / heads }: TransformerConfig): number =>
  headWidth;

/** The config as it is for one layer. */
export const layerConfig = (config: TransformerConfig, layer: number): TransformerConfig =>
  config.perLayer ? { ...config, ...config.perLayer[layer] } : config;

/** A name that a family with some option in its config has to give. */
export function named<T>(name: T | undefined): T {
  invariant(name !== undefined, 'a family names all tensors that its config asks for');
  return name;
}

/** How many experts a network has, in all of its layers. */
export const expertTotal = ({ mixture }: TransformerConfig): number =>
  mixture ? mixture.layers.filter(Boolean).length * mixture.experts : 0;

/** How many numbers a network has, in all of its tensors or in those whose shape counts. */
export const parameterTotal = (
  config: TransformerConfig,
  names: TensorNames,
  counts: (shape: readonly number[]) => boolean = () => true,
): number =>
  [...parameterShapes(config, names).values()].filter(counts).reduce((sum, shape) => sum + sizeOf(shape), 0);

/** Every tensor of a network with its shape, in the order of the network. */
export function parameterShapes(
  config: TransformerConfig,
  names: TensorNames,
): ReadonlyMap<string, readonly number[]> {
  const { width, hidden, vocabularySize } = config;
  const shapes = new Map<string, readonly number[]>([[names.embedding, [vocabularySize, width]]]);
  const add = (all: Iterable<readonly [string, readonly number[]]>) => {
    for (const [name, shape] of all) shapes.set(name, shape);
  };
  if (config.selfConditioning) {
    const conditioning = named(names.selfConditioning);
    shapes.set(conditioning.norm, [width]);
    add(mlpShapes(conditioning, width, hidden));
  }
  for (let i = 0; i < config.layers; i++) {
    const layer = names.layer(i);
    add(attentionShapes(layerConfig(config, i), layer));
    shapes.set(layer.mlpNorm, [width]);
    const { mixture } = config;
    const hasExperts = mixture?.layers[i];
    if (hasExperts) add(mixtureShapes(mixture, named(layer.mixture), width));
    if (!hasExperts || mixture.besideMlp) add(mlpShapes(layer, width, hidden));
    if (config.postNorms) shapes.set(named(layer.mlpPostNorm), [width]);
    if (config.layerScalar) shapes.set(named(layer.scalar), [1]);
    if (config.layerScalar && config.encoderAttention) shapes.set(named(layer.encoderScalar), [1]);
  }
  shapes.set(names.finalNorm, [width]);
  if (!config.tiedHead) shapes.set(names.head, [vocabularySize, width]);
  return shapes;
}

function* attentionShapes(
  config: TransformerConfig,
  layer: LayerNames,
): Generator<[name: string, shape: readonly number[]]> {
  const { width } = config;
  const headWidth = headWidthOf(config);
  const queryWidth = config.heads * headWidth;
  const kvWidth = config.kvHeads * headWidth;
  yield [layer.attentionNorm, [width]];
  if (layer.queryKeyValue !== undefined) {
    yield [layer.queryKeyValue, [queryWidth + 2 * kvWidth, width]];
  } else {
    yield [layer.query, [queryWidth, width]];
    yield [layer.key, [kvWidth, width]];
    if (!config.valueIsKey) yield [layer.value, [kvWidth, width]];
  }
  if (config.qkvBias) {
    yield [layer.queryBias, [queryWidth]];
    yield [layer.keyBias, [kvWidth]];
    yield [layer.valueBias, [kvWidth]];
  }
  if (config.qkNorm) {
    yield [layer.queryNorm, [headWidth]];
    yield [layer.keyNorm, [headWidth]];
  }
  yield [layer.output, [width, queryWidth]];
  if (config.postNorms) yield [named(layer.attentionPostNorm), [width]];
}
