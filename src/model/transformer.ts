import { linear, rmsNorm } from '../graph/composites.ts';
import {
  add,
  concat,
  div,
  flattenRows,
  gather,
  matmul,
  mul,
  softmax,
  tanh,
  where,
} from '../graph/primitives.ts';
import { constant, parameter, scalar, type Tensor } from '../graph/tensor.ts';
import { notPrepacked } from '../graph/not-prepacked.ts';
import { type AttentionInputs, attentionOver, type KeyValue, ones } from './attention.ts';
import {
  type LayerNames,
  named,
  parameterShapes,
  type TensorNames,
  type TransformerConfig,
} from './config.ts';
import { gatedMlp, mixtureOfExperts } from './mixture.ts';

/** What the network reads. */
export interface TransformerInputs extends AttentionInputs {
  /** int32   [B, L] */
  readonly tokens: Tensor;
  /** The positions that anything is wanted of, of the B · L: the last layer computes no others, int32   [B, Q]. Default: all */
  readonly queries?: Tensor;
  /** The rows whose logits are wanted, of the B · L or, with `queries`, of the B · Q, int32   [R] */
  readonly rows: Tensor;
  /** What a network with self-conditioning is told that it predicted before. */
  readonly previousLogits?: PreviousLogits;
}

/** Logits of an earlier prediction, and the positions that they are of. */
export interface PreviousLogits {
  /** [P, V] */
  readonly logits: Tensor;
  /** For each position 0, where there was no prediction, or the number of its row, counted from 1, int32   [B, L] */
  readonly row: Tensor;
}

/** What the network says. */
export interface Forward {
  /** Of x_0 in the rows asked for   [R, V] */
  readonly logits: Tensor;
  /** The residual stream behind each layer; of the last one in the rows asked for   [B, L, D] */
  readonly residuals: readonly Tensor[];
  /** What the head makes logits of   [R, D] */
  readonly hidden: Tensor;
  /** Of the L positions, in every layer: a later forward's past. */
  readonly present: readonly KeyValue[];
}

/** What the parts of one network share. */
interface Context {
  readonly config: TransformerConfig;
  readonly weight: (name: string) => Tensor;
  readonly norm: (x: Tensor, name: string) => Tensor;
}

/**
 * The mask predictor, a transformer in LLaDA's architecture (LLaDA section 2.2, Table 5; that of Llama with the
 * causal mask a choice): pre-norm with RMSNorm, rotary positions, SwiGLU, and no notion of the time t. What other
 * families have beside or instead is a value of the config.
 */
export function transformer(
  config: TransformerConfig,
  names: TensorNames,
  inputs: TransformerInputs,
): Forward {
  const shapes = parameterShapes(config, names);
  const parameters = new Map(Array.from(shapes, ([name, shape]) => [name, parameter(name, shape)]));
  const weight = (name: string) => parameters.get(name)!;
  const norm = (x: Tensor, name: string) => rmsNorm(x, weight(name), config.normEpsilon);
  const context: Context = { config, weight, norm };
  const postNorm = (x: Tensor, name?: string) => (config.postNorms ? norm(x, named(name)) : x);
  const attend = attentionOver(config, inputs, weight);

  const present: KeyValue[] = [];
  const residuals: Tensor[] = [];
  let x = embed(inputs, names, context); // [B, L, D]
  for (let i = 0; i < config.layers; i++) {
    const layer = names.layer(i);
    const isLast = i === config.layers - 1;
    const queries = isLast ? inputs.queries : undefined;
    const attended = attend(i, norm(x, layer.attentionNorm), layer, queries);
    present.push(attended.present);
    let { mixed } = attended;
    if (queries) x = gather(flattenRows(x), queries); // [B, Q, D]
    if (isLast) {
      // after the last attention no position looks at another, so the rest is computed in the rows asked for alone
      [mixed, x] = [mixed, x].map((all) => gather(flattenRows(all), inputs.rows)); // [R, D]
    }
    x = add(x, postNorm(linear(mixed, weight(layer.output)), layer.attentionPostNorm));
    x = add(x, postNorm(feedForward(x, i, layer, context), layer.mlpPostNorm));
    if (config.layerScalar) x = mul(x, layerScalar(layer, inputs, context));
    residuals.push(x);
  }
  const head = weight(config.tiedHead ? names.embedding : names.head);
  const hidden = norm(x, names.finalNorm);
  const logits = linear(hidden, head);
  return {
    logits: config.logitCap === undefined ? logits : capped(logits, config.logitCap),
    hidden,
    present,
    residuals,
  };
}

/** A layer's number   [1] */
function layerScalar(layer: LayerNames, { encodes }: TransformerInputs, { weight }: Context): Tensor {
  const own = weight(named(layer.scalar));
  return encodes ? where(encodes, weight(named(layer.encoderScalar)), own) : own;
}

/** What the first layer reads   [B, L, D] */
function embed(inputs: TransformerInputs, names: TensorNames, { config, ...context }: Context): Tensor {
  const { tokens, previousLogits, encodes } = inputs;
  const { embeddingScale, normEpsilon, width } = config;
  const table = context.weight(names.embedding);
  const scaled = (x: Tensor) => (embeddingScale === undefined ? x : mul(x, scalar(embeddingScale)));
  const x = scaled(gather(table, tokens));
  if (!config.selfConditioning) return x;
  const signal =
    previousLogits && signalOf(previousLogits, scaled(meanEmbedding(softmax(previousLogits.logits))));
  const conditioned = rmsNorm(signal ? add(x, signal) : x, ones(width), normEpsilon);
  return encodes ? where(encodes, x, conditioned) : conditioned;

  /** Σ_v p(v) · embedding(v)   [P, V] → [P, D] */
  function meanEmbedding(probabilities: Tensor): Tensor {
    // the head multiplies with the largest matrix of all the other way round, and has it packed for that
    return matmul(probabilities, notPrepacked(table, probabilities));
  }

  /** Zero where there was no prediction   [P, D] → [B, L, D] */
  function signalOf({ row }: PreviousLogits, meanEmbeddings: Tensor): Tensor {
    const conditioning = named(names.selfConditioning);
    const normed = context.norm(meanEmbeddings, conditioning.norm);
    const signals = gatedMlp(normed, conditioning, { ...config, ...context });
    return gather(concat([constant(new Float32Array(width), [1, width]), signals], 0), row);
  }
}

/** What a layer's MLP, its experts or both give for the residual stream. */
function feedForward(x: Tensor, index: number, layer: LayerNames, context: Context): Tensor {
  const { config, weight, norm } = context;
  const { mixture, activation } = config;
  const m = norm(x, layer.mlpNorm);
  if (!mixture?.layers[index]) return gatedMlp(m, layer, { weight, activation });
  const names = named(layer.mixture);
  if (!mixture.besideMlp) return mixtureOfExperts(m, m, mixture, names, { weight, activation });
  const { mlpOutputNorm, inputNorm, outputNorm, routerNorm } = named(names.besideMlp);
  const dense = gatedMlp(m, layer, { weight, activation });
  const seen = mul(norm(x, routerNorm), scalar(config.width ** -0.5));
  const experts = mixtureOfExperts(norm(x, inputNorm), seen, mixture, names, { weight, activation });
  return add(norm(dense, mlpOutputNorm), norm(experts, outputNorm));
}

const capped = (logits: Tensor, cap: number): Tensor => mul(tanh(div(logits, scalar(cap))), scalar(cap));
