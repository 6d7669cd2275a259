import { attention, linear, rmsNorm, rope, silu } from '../graph/composites.ts';
import { add, and, flattenRows, gather, mul, reshape, where } from '../graph/primitives.ts';
import { parameter, scalar, type Tensor } from '../graph/tensor.ts';
import { headWidthOf, parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';
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
  const { cosine, sine } = rotations(headWidth, config);

  const embedding = weight(names.embedding);
  let x = gather(embedding, inputs.tokens); // [B, L, D]
  for (let i = 0; i < config.layers; i++) {
    const layer = names.layer(i);
    const project = (input: Tensor, name: string, biasName: string) =>
      linear(input, weight(name), config.qkvBias ? weight(biasName) : undefined);
    const headNorm = (input: Tensor, name: string, heads: number) =>
      config.qkNorm
        ? reshape(norm(reshape(input, [B, L, heads, headWidth]), name), [B, L, heads * headWidth])
        : input;
    const rotate = (input: Tensor, heads: number) => rope(input, inputs.positions, cosine, sine, heads);
    const { heads, kvHeads } = config;

    const a = norm(x, layer.attentionNorm);
    const q = rotate(headNorm(project(a, layer.query, layer.queryBias), layer.queryNorm, heads), heads);
    const k = rotate(headNorm(project(a, layer.key, layer.keyBias), layer.keyNorm, kvHeads), kvHeads);
    const v = project(a, layer.value, layer.valueBias);
    let mixed = attention(q, k, v, { heads, kvHeads, bias });
    if (i === config.layers - 1) {
      // after the last attention no position looks at another, so the rest is computed in the rows asked for alone
      [mixed, x] = [mixed, x].map((all) => gather(flattenRows(all), inputs.rows)); // [R, D]
    }
    x = add(x, linear(mixed, weight(layer.output)));

    const m = norm(x, layer.mlpNorm);
    const gated = mul(silu(linear(m, weight(layer.gate))), linear(m, weight(layer.up)));
    x = add(x, linear(gated, weight(layer.down)));
  }
  return linear(norm(x, names.finalNorm), config.tiedHead ? embedding : weight(names.head));
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
