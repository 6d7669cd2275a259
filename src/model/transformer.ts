import { attention, linear, rmsNorm, rope } from '../graph/composites.ts';
import { add, and, flattenRows, gather, reshape, slice, where } from '../graph/primitives.ts';
import { parameter, scalar, type Tensor } from '../graph/tensor.ts';
import {
  headWidthOf,
  type LayerNames,
  mixtureNamesOf,
  parameterShapes,
  type TensorNames,
  type TransformerConfig,
} from './config.ts';
import { mixtureOfExperts, swiGlu } from './mixture.ts';
import { rotations } from './rotary.ts';

/** What the network reads. */
export interface TransformerInputs {
  /** int32   [B, L] */
  readonly tokens: Tensor;
  /** int64   [B, L] */
  readonly positions: Tensor;
  /** Where a query may look, beside the model's own pattern, bool   [B, L, L] */
  readonly mask?: Tensor;
  /** The rows whose logits are wanted, of the B · L, int32   [R] */
  readonly rows: Tensor;
}

/**
 * The mask predictor, a transformer in LLaDA's architecture (LLaDA section 2.2, Table 5; that of Llama with the
 * causal mask a choice): pre-norm with RMSNorm, rotary positions, SwiGLU, and no notion of the time t.
 *
 * @returns logits of x_0 in the rows asked for   [R, V]
 */
export function transformer(
  config: TransformerConfig,
  names: TensorNames,
  inputs: TransformerInputs,
): Tensor {
  const [B, L] = inputs.tokens.shape;
  const shapes = parameterShapes(config, names);
  const weight = (name: string) => parameter(name, shapes.get(name)!);
  const norm = (x: Tensor, name: string) => rmsNorm(x, weight(name), config.normEpsilon);
  const bias = attentionBias(config, inputs);
  const headWidth = headWidthOf(config);
  const { cosine, sine } = rotations(config.rotaryWidth ?? headWidth, config);

  const embedding = weight(names.embedding);
  let x = gather(embedding, inputs.tokens); // [B, L, D]
  for (let i = 0; i < config.layers; i++) {
    const layer = names.layer(i);
    const headNorm = (input: Tensor, name: string, heads: number) =>
      config.qkNorm
        ? reshape(norm(reshape(input, [B, L, heads, headWidth]), name), [B, L, heads * headWidth])
        : input;
    const rotate = (input: Tensor, heads: number) => rope(input, inputs.positions, cosine, sine, heads);
    const { heads, kvHeads } = config;

    const a = norm(x, layer.attentionNorm);
    const projected = projections(a, config, layer, weight);
    const q = rotate(headNorm(projected.query, layer.queryNorm, heads), heads);
    const k = rotate(headNorm(projected.key, layer.keyNorm, kvHeads), kvHeads);
    let mixed = attention(q, k, projected.value, { heads, kvHeads, bias });
    if (i === config.layers - 1) {
      // after the last attention no position looks at another, so the rest is computed in the rows asked for alone
      [mixed, x] = [mixed, x].map((all) => gather(flattenRows(all), inputs.rows)); // [R, D]
    }
    x = add(x, linear(mixed, weight(layer.output)));

    const m = norm(x, layer.mlpNorm);
    const { mixture } = config;
    const mlp = mixture?.layers[i]
      ? mixtureOfExperts(m, mixture, mixtureNamesOf(layer), weight)
      : swiGlu(m, layer, weight);
    x = add(x, mlp);
  }
  return linear(norm(x, names.finalNorm), config.tiedHead ? embedding : weight(names.head));
}

/** Of one layer's input its queries [B, L, H · K], keys and values [B, L, kvHeads · K]. */
function projections(
  x: Tensor,
  config: TransformerConfig,
  layer: LayerNames,
  weight: (name: string) => Tensor,
): Record<'query' | 'key' | 'value', Tensor> {
  if (layer.queryKeyValue !== undefined) {
    const all = linear(x, weight(layer.queryKeyValue));
    const [queryEnd, keyEnd, valueEnd] = [0, 1, 2].map(
      (kv) => (config.heads + kv * config.kvHeads) * headWidthOf(config),
    );
    return {
      query: slice(all, -1, 0, queryEnd),
      key: slice(all, -1, queryEnd, keyEnd),
      value: slice(all, -1, keyEnd, valueEnd),
    };
  }
  const project = (name: string, biasName: string) =>
    linear(x, weight(name), config.qkvBias ? weight(biasName) : undefined);
  return {
    query: project(layer.query, layer.queryBias),
    key: project(layer.key, layer.keyBias),
    value: project(layer.value, layer.valueBias),
  };
}

/** 0 where a query may look, a number whose exponential is zero elsewhere; absent where every position sees all. */
function attentionBias(
  { attention }: TransformerConfig,
  { positions, mask }: TransformerInputs,
): Tensor | undefined {
  const [B, L] = positions.shape;
  const pattern = attention(reshape(positions, [B, 1, L, 1]), reshape(positions, [B, 1, 1, L]));
  const allowed = mask && reshape(mask, [B, 1, L, L]);
  const both = pattern && allowed ? and(pattern, allowed) : (pattern ?? allowed);
  return both && where(both, scalar(0), scalar(-1e30));
}
