import type { NdArray } from '../base/array.ts';
import type { MaskPredictor } from './predictor.ts';

/** A temperature that goes from one value at t = 1 to another at t = 0 in a straight line. */
export const annealedTemperature =
  (first: number, last: number) =>
  (t: number): number =>
    last + (first - last) * t;

/**
 * A predictor whose distributions are those of another at a temperature, which may change with time:
 *
 *     log p̃(x_0 | x_t) = log p_θ(x_0 | x_t) / T(t) + const
 *
 * Unlike the temperature of `decode` this one is in all that is made of the prediction, how sure it is included.
 */
export const withTemperature =
  (predict: MaskPredictor, temperature: (t: number) => number): MaskPredictor =>
  async (xt, rows, context) => {
    const { shape, data } = await predict(xt, rows, context);
    const divisor = temperature(context.t);
    return { shape, data: data.map((logit) => logit / divisor) };
  };

/**
 * A predictor that is told what it said before in the same block, and in its first step nothing. Chen et al. 2022
 * (arXiv:2208.04202); DiffusionGemma. It is told so of all positions of the block, so all are asked for.
 *
 * It belongs to one canvas, which is predicted by one call after another.
 */
export function withSelfConditioning(predict: MaskPredictor): MaskPredictor {
  let latest: { readonly index: number; readonly logits: NdArray } | undefined;
  return async (xt, rows, context) => {
    const { index, start, end } = context.block;
    const previousLogits = latest?.index === index ? latest.logits : undefined;
    const all = Int32Array.from({ length: end - start }, (_, i) => start + i);
    const logits = await predict(xt, all, { ...context, previousLogits });
    latest = { index, logits };
    return rowsOf(
      logits,
      rows.map((i) => i - start),
    );
  };
}

/** Some rows of a matrix. */
function rowsOf({ shape: [, V], data }: NdArray, rows: Int32Array): NdArray {
  const picked = new Float32Array(rows.length * V);
  for (const [r, row] of rows.entries()) picked.set(data.subarray(row * V, (row + 1) * V), r * V);
  return { shape: [rows.length, V], data: picked };
}
