import type { NdArray } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import { type MaskPredictor, wholeCanvas } from '../sampling/predictor.ts';

/** Canvases of one length, and which of their rows are scored against what. A `TrainingBatch` is one, too. */
export interface ScoredBatch {
  /** What the network reads   [B, L] */
  readonly tokens: NdArray<Int32Array>;
  /** The rows scored, as indices into the flattened [B · L]   [R] */
  readonly rows: Int32Array;
  /** The token expected at each of them   [R] */
  readonly targets: Int32Array;
}

/**
 * −log p_θ(target | canvas) of each row, in nats   [R]
 *
 * This is all that likelihood, validation and comparisons want of a model: logits never leave the device.
 */
export type RowScorer = (batch: ScoredBatch, signal?: AbortSignal) => Promise<ArrayLike<number>>;

/** The scorer that asks a mask predictor for the logits of one canvas after another, and normalises in float64. */
export function scorerOfPredictor(predict: MaskPredictor): RowScorer {
  return async ({ tokens, rows, targets }, signal) => {
    const [B, L] = tokens.shape;
    const nats = new Float64Array(rows.length);
    for (let b = 0; b < B; b++) {
      const mine = Array.from(rows.keys()).filter((r) => Math.floor(rows[r] / L) === b);
      if (mine.length === 0) continue;
      const xt = tokens.data.slice(b * L, (b + 1) * L);
      const mineOnly = Int32Array.from(mine, (r) => rows[r] - b * L);
      const { shape, data } = await predict(xt, mineOnly, wholeCanvas(L, signal));
      const V = shape[1];
      invariant(shape[0] === mine.length, `logits of ${mine.length} rows were asked for, ${shape[0]} came`);
      for (const [index, r] of mine.entries()) {
        nats[r] = rowCrossEntropy(data.subarray(index * V, (index + 1) * V), targets[r]);
      }
    }
    return nats;
  };
}

/** −log softmax(logits)[target] in nats, in float64. */
export function rowCrossEntropy(logits: ArrayLike<number>, target: number): number {
  let max = -Infinity;
  for (let v = 0; v < logits.length; v++) if (logits[v] > max) max = logits[v];
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v] - max);
  return max + Math.log(sum) - logits[target];
}
