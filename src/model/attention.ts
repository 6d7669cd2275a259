import { attention, attentionBeside, linear, rmsNorm, rope, splitHeads } from '../graph/composites.ts';
import { and, concat, flattenRows, gather, lessOrEqual, reshape, slice, where } from '../graph/primitives.ts';
import { product } from '../graph/shape.ts';
import { constant, scalar, type Tensor } from '../graph/tensor.ts';
import { headWidthOf, layerConfig, type LayerNames, type TransformerConfig } from './config.ts';
import { rotations, type Rotations } from './rotary.ts';

/** Of one layer, keys after their rotation, and values   [B, kvHeads, C, K] each */
export interface KeyValue {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What an earlier forward computed of C positions. */
export interface Past {
  /** −1 where there is nothing to be seen, int64   [B, C] */
  readonly positions: Tensor;
  /** Of every layer. */
  readonly layers: readonly KeyValue[];
}

/** What attention is given beside the hidden states. */
export interface AttentionInputs {
  /** int64   [B, L] */
  readonly positions: Tensor;
  /** Where a query may look, beside the layer's own pattern, bool   [B or 1, L, C + L] */
  readonly mask?: Tensor;
  /** Positions that are looked at and not computed again: their keys and values come from an earlier forward. */
  readonly past?: Past;
  /** Whether the network encodes, of one that can, bool   [1] */
  readonly encodes?: Tensor;
}

/** What one layer's attention gives. */
export interface Attended {
  /** Before the output projection   [B, L, H · K], or [B, Q, H · K] where Q positions are asked for */
  readonly mixed: Tensor;
  /** Of the L positions. */
  readonly present: KeyValue;
}

/**
 * The attention of every layer of a network: from its normalised input [B, L, D] to what it gives.
 *
 * @returns  a function; `queries` are the positions that look, of the B · L, int32 [B, Q]. Default: all
 */
export function attentionOver(
  config: TransformerConfig,
  inputs: AttentionInputs,
  weight: (name: string) => Tensor,
): (index: number, x: Tensor, layer: LayerNames, queries?: Tensor) => Attended {
  // layers of one kind share their tables of rotations
  const tables = new Map<unknown, Rotations>();
  const rotationsOf = (index: number, own: TransformerConfig) => {
    const kind = config.perLayer?.[index];
    if (!tables.has(kind)) tables.set(kind, rotations(own.rotaryWidth ?? headWidthOf(own), own));
    return tables.get(kind)!;
  };

  return (index, x, layer, queries) => {
    const own = layerConfig(config, index);
    const { heads, kvHeads } = own;
    const { cosine, sine, rows } = rotationsOf(index, own);
    const rotate = (input: Tensor, count: number) => rope(input, rows(inputs.positions), cosine, sine, count);
    const headNorm = (input: Tensor, name: string, count: number) =>
      own.qkNorm ? normHeads(input, weight(name), count, own) : input;

    const projected = projections(x, own, layer, weight);
    const rotated = rotate(headNorm(projected.query, layer.queryNorm, heads), heads);
    const q = queries ? gather(flattenRows(rotated), queries) : rotated;
    const k = rotate(headNorm(projected.key, layer.keyNorm, kvHeads), kvHeads);
    const v = own.valueNorm
      ? normHeads(projected.value, ones(headWidthOf(own)), kvHeads, own)
      : projected.value;
    const present = { key: splitHeads(k, kvHeads), value: splitHeads(v, kvHeads) };
    const past = inputs.past?.layers[index];
    const bias = attentionBias(own, inputs, queries);
    const scale = own.attentionScale;
    const mixed = past
      ? attentionBeside(q, past, present, { heads, bias: bias!, scale })
      : attention(q, k, v, { heads, kvHeads, bias, scale });
    return { mixed, present };
  };
}

/** The weights of a norm that has none. */
export const ones = (width: number): Tensor => constant(new Float32Array(width).fill(1), [width]);

/** RMSNorm over each head's K numbers.   [B, L, heads · K], [K] → [B, L, heads · K] */
function normHeads(x: Tensor, weight: Tensor, heads: number, { normEpsilon }: TransformerConfig): Tensor {
  const [B, L, width] = x.shape;
  const split = reshape(x, [B, L, heads, (width as number) / heads]);
  return reshape(rmsNorm(split, weight, normEpsilon), x.shape);
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
  const key = project(layer.key, layer.keyBias);
  return {
    query: project(layer.query, layer.queryBias),
    key,
    value: config.valueIsKey ? key : project(layer.value, layer.valueBias),
  };
}

/**
 * 0 where a query may look, a number whose exponential is zero elsewhere; absent where every position sees all.
 *
 * @param queries  the positions that look, of the B · L. Default: all   [B, Q]
 * @returns        [B or 1, 1, L or Q or 1, C + L]
 */
function attentionBias(
  { attention: sees, encoderAttention }: TransformerConfig,
  { positions, mask, past, encodes }: AttentionInputs,
  queries?: Tensor,
): Tensor | undefined {
  const keys = past ? concat([past.positions, positions], 1) : positions;
  const asked = queries ? gather(reshape(positions, [product(positions.shape)]), queries) : positions;
  const [[B, Q], S] = [asked.shape, keys.shape[1]];
  const [q, k] = [reshape(asked, [B, 1, Q, 1]), reshape(keys, [B, 1, 1, S])];
  const biasOf = (pattern: Tensor | undefined): Tensor | undefined => {
    const rows = mask && queries ? gather(flattenRows(mask), queries) : mask;
    const allowed = rows && reshape(rows, [rows.shape[0], 1, Q, S]);
    const all = [pattern, allowed, past && lessOrEqual(scalar(0, 'int64'), k)].filter(
      (one) => one !== undefined,
    );
    return all.length === 0 ? undefined : where(all.reduce(and), scalar(0), scalar(-1e30));
  };
  const bias = biasOf(sees(q, k));
  return encodes && encoderAttention
    ? where(encodes, biasOf(encoderAttention(q, k)) ?? scalar(0), bias ?? scalar(0))
    : bias;
}
