import { invariant } from '../errors.ts';
import type { AttentionPattern } from './attention-pattern.ts';
import { type Mixture, type MixtureNames, mixtureShapes, type MlpNames, mlpShapes } from './mixture.ts';
import type { RopeScaling } from './rotary.ts';

/** What the one transformer needs to know; every published family's config.json is read into this. */
export interface TransformerConfig {
  readonly layers: number;
  /** Width of the residual stream, D. */
  readonly width: number;
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads; fewer than `heads` is grouped-query attention. */
  readonly kvHeads: number;
  /** Width of a head, K, where it isn't D / H. */
  readonly headWidth?: number;
  /** Inner width of the SwiGLU. */
  readonly hidden: number;
  /** Experts that some layers have in place of the SwiGLU. */
  readonly mixture?: Mixture;
  /** Rows of the embedding and of the head, V; may exceed what the tokenizer knows. */
  readonly vocabularySize: number;
  /** Longest sequence, in tokens. */
  readonly maxLength: number;
  readonly ropeTheta: number;
  /** How many of a head's K numbers are rotated, where not all are. */
  readonly rotaryWidth?: number;
  /** How the rotary frequencies were changed for sequences longer than those of pre-training. */
  readonly ropeScaling?: RopeScaling;
  readonly normEpsilon: number;
  /** Biases on the query, key and value projections. */
  readonly qkvBias: boolean;
  /** RMSNorm over each head's query and key, before they are rotated. Henry et al. 2020, as Qwen3 has it. */
  readonly qkNorm?: boolean;
  /** The head is the embedding, transposed. */
  readonly tiedHead: boolean;
  /**
   * Position i is predicted by the output at i − 1 (position 0 by its own), as a causal model does it: kept when a mask
   * predictor is made from one (Dream; Gong et al. 2024, section 3.3).
   */
  readonly shiftedLogits: boolean;
  readonly attention: AttentionPattern;
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
  /** All three projections in one tensor, where a family has it so: the rows of the query, of the key, of the value. */
  readonly queryKeyValue?: string;
  readonly mlpNorm: string;
  /** Of a layer with experts. */
  readonly mixture?: MixtureNames;
}

/** The names that a family gives to its tensors. */
export interface TensorNames {
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  layer(index: number): LayerNames;
}

/** The width of a head, K. */
export const headWidthOf = ({ width, heads, headWidth = width / heads }: TransformerConfig): number =>
  headWidth;

/** The names of a layer's experts. */
export function mixtureNamesOf({ mixture }: LayerNames): MixtureNames {
  invariant(mixture, 'a family whose config has experts names their tensors');
  return mixture;
}

/** Every tensor of a network with its shape, in the order of the network. */
export function parameterShapes(
  config: TransformerConfig,
  names: TensorNames,
): ReadonlyMap<string, readonly number[]> {
  const { width, hidden, vocabularySize } = config;
  const headWidth = headWidthOf(config);
  const queryWidth = config.heads * headWidth;
  const kvWidth = config.kvHeads * headWidth;
  const shapes = new Map<string, readonly number[]>([[names.embedding, [vocabularySize, width]]]);
  for (let i = 0; i < config.layers; i++) {
    const layer = names.layer(i);
    shapes.set(layer.attentionNorm, [width]);
    if (layer.queryKeyValue !== undefined) {
      shapes.set(layer.queryKeyValue, [queryWidth + 2 * kvWidth, width]);
    } else {
      shapes.set(layer.query, [queryWidth, width]);
      shapes.set(layer.key, [kvWidth, width]);
      shapes.set(layer.value, [kvWidth, width]);
    }
    if (config.qkvBias) {
      shapes.set(layer.queryBias, [queryWidth]);
      shapes.set(layer.keyBias, [kvWidth]);
      shapes.set(layer.valueBias, [kvWidth]);
    }
    if (config.qkNorm) {
      shapes.set(layer.queryNorm, [headWidth]);
      shapes.set(layer.keyNorm, [headWidth]);
    }
    shapes.set(layer.output, [width, queryWidth]);
    shapes.set(layer.mlpNorm, [width]);
    const { mixture } = config;
    const mlps = mixture?.layers[i]
      ? mixtureShapes(mixture, mixtureNamesOf(layer), width)
      : mlpShapes(layer, width, hidden);
    for (const [name, shape] of mlps) shapes.set(name, shape);
  }
  shapes.set(names.finalNorm, [width]);
  if (!config.tiedHead) shapes.set(names.head, [vocabularySize, width]);
  return shapes;
}
