import type { MaskPredictor } from './predictor.ts';

/** How much less likely a token becomes by standing in the text already; 0 leaves it as it is, below 0 it becomes likelier. */
export interface Penalties {
  /** For every time. */
  readonly frequencyPenalty: number;
  /** Once, however often. */
  readonly presencePenalty: number;
}

/**
 * A predictor that finds tokens less likely the more often they were written (OpenAI's penalties, for a text without an order):
 *
 *     z̃_{i,v} = z_{i,v} − λ_f · n_v − λ_p · 1[n_v > 0]          n_v = |{j ≠ i : x_t^j = v}| − |{j : given v}|
 *
 * n counts what was written by now at any position, before i or behind it, and not what was given. Tokens of one step don't know of
 * each other, so the same word may be written twice in it. How sure a position is, by which strategies choose, is of z̃.
 *
 * @param canvas  what was given; elsewhere `maskId`   [L]
 */
export function withPenalties(
  predict: MaskPredictor,
  { frequencyPenalty, presencePenalty }: Penalties,
  { canvas, maskId }: { readonly canvas: Int32Array; readonly maskId: number },
): MaskPredictor {
  if (frequencyPenalty === 0 && presencePenalty === 0) return predict;
  const given = countsOf(canvas, maskId);
  return async (xt, rows, context) => {
    const { shape, data } = await predict(xt, rows, context);
    const V = shape[1];
    const written = countsOf(xt, maskId);
    for (const [token, count] of given) written.set(token, (written.get(token) ?? 0) - count);
    for (const [r, i] of rows.entries())
      for (const [token, count] of written) {
        const others = xt[i] === token ? count - 1 : count;
        if (others > 0 && token < V) data[r * V + token] -= frequencyPenalty * others + presencePenalty;
      }
    return { shape, data };
  };
}

/** How often each token stands in a canvas. */
function countsOf(canvas: Int32Array, maskId: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const token of canvas) if (token !== maskId) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}
