import { attention, linear, rmsNorm, rope } from '../graph/composites.ts';
import { add, and, concat, flattenRows, gather, reshape, slice, where } from '../graph/primitives.ts';
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
  /** Where a query may look, beside the model's own pattern, bool   [B or 1, L, C + L] */
  readonly mask?: Tensor;
  /** Positions that are looked at and not computed again: their keys and values come from an earlier forward. */
  readonly past?: Past;
  /** The rows whose logits are wanted, of the B · L, int32   [R] */
  readonly rows: Tensor;
}

/** What an earlier forward computed of C positions. */
export interface Past {
  /** int64   [B, C] */
  readonly positions: Tensor;
  /** Of every layer. */
  readonly layers: readonly KeyValue[];
}

/** Of one layer, keys after their rotation, and values   [B, C, kvHeads · K] each */
export interface KeyValue {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What the network says. */
export interface Forward {
  /** Of x_0 in the rows asked for   [R, V] */
  readonly logits: Tensor;
  /** Of the L positions, in every layer: a later forward's past. */
  readonly present: readonly KeyValue[];
}

/**
 * The mask predictor, a transformer in LLaDA's architecture (LLaDA section 2.2, Table 5; that of Llama with the
 * causal mask a choice): pre-norm with RMSNorm, rotary positions, SwiGLU, and no notion of the time t.
 */
export function transformer(
  config: TransformerConfig,
  names: TensorNames,
  inputs: TransformerInputs,
): Forward {
  const [B, L] = inputs.tokens.shape;
  const shapes = parameterShapes(config, names);
  const weight = (name: string) => parameter(name, shapes.get(name)!);
  const norm = (x: Tensor, name: string) => rmsNorm(x, weight(name), config.normEpsilon);
  const bias = attentionBias(config, inputs);
  const headWidth = headWidthOf(config);
  const { cosine, sine } = rotations(config.rotaryWidth ?? headWidth, config);

  const embedding = weight(names.embedding);
  const present: KeyValue[] = [];
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
    present.push({ key: k, value: projected.value });
    const { key, value } = joined(inputs.past?.layers[i], present[i]); // [B, C + L, kvHeads · K]
    let mixed = attention(q, key, value, { heads, kvHeads, bias });
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
  const logits = linear(norm(x, names.finalNorm), config.tiedHead ? embedding : weight(names.head));
  return { logits, present };
}

/** Keys and values of the past, where there is one, and then of the positions at hand. */
const joined = (past: KeyValue | undefined, { key, value }: KeyValue): KeyValue =>
  past ? { key: concat([past.key, key], 1), value: concat([past.value, value], 1) } : { key, value };

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
  { positions, mask, past }: TransformerInputs,
): Tensor | undefined {
  const keys = past ? concat([past.positions, positions], 1) : positions;
  const [[B, L], S] = [positions.shape, keys.shape[1]];
  const pattern = attention(reshape(positions, [B, 1, L, 1]), reshape(keys, [B, 1, 1, S]));
  const allowed = mask && reshape(mask, [mask.shape[0], 1, L, S]);
  const both = pattern && allowed ? and(pattern, allowed) : (pattern ?? allowed);
  return both && where(both, scalar(0), scalar(-1e30));
}
