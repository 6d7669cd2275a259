import { invariant } from '../base/errors.ts';
import type { Canvas } from './scored-canvas.ts';

/** How far one model's predictions are from another's, on canvases of a text. */
export interface Divergence {
  /** Predictions compared. */
  readonly rows: number;
  /** KL(reference ‖ other) of a prediction, in nats: the mean over all, and the largest. */
  readonly meanKl: number;
  readonly maxKl: number;
  /** The share of predictions whose likeliest token is the same. */
  readonly sameToken: number;
  /** Nats a token of the text under each: a bound, or exact for a causal model. */
  readonly natsPerToken: { readonly reference: number; readonly other: number };
}

/** Logits in a canvas's rows   [R, V] */
export type CanvasLogits = (canvas: Canvas) => Float32Array;

/**
 * Compares two models on the same canvases.
 *
 *     KL(p ‖ q) = Σ_v p(v) (log p(v) − log q(v))
 *
 * @param windows  the canvases of each window of a text; the mean of their costs is what the window costs
 * @param tokens   tokens of the text
 */
export function divergence(
  windows: readonly (readonly Canvas[])[],
  tokens: number,
  reference: CanvasLogits,
  other: CanvasLogits,
): Divergence {
  let [rows, kl, maxKl, same] = [0, 0, 0, 0];
  const nats = { reference: 0, other: 0 };
  for (const canvases of windows) {
    for (const canvas of canvases) {
      const [p, q] = [reference(canvas), other(canvas)];
      const V = p.length / canvas.rows.length;
      invariant(p.length === q.length, `logits of two models: ${p.length} and ${q.length}`);
      for (const [r, target] of canvas.targets.entries()) {
        const [logP, logQ] = [p, q].map((logits) => logProbabilities(logits.subarray(r * V, (r + 1) * V)));
        const difference = klDivergence(logP, logQ);
        kl += difference;
        maxKl = Math.max(maxKl, difference);
        if (likeliest(logP) === likeliest(logQ)) same++;
        const weight = typeof canvas.weight === 'number' ? canvas.weight : canvas.weight[r];
        nats.reference -= (weight * logP[target]) / canvases.length;
        nats.other -= (weight * logQ[target]) / canvases.length;
        rows++;
      }
    }
  }
  return {
    rows,
    meanKl: kl / rows,
    maxKl,
    sameToken: same / rows,
    natsPerToken: { reference: nats.reference / tokens, other: nats.other / tokens },
  };
}

/** Σ p (log p − log q), in nats. */
export function klDivergence(logP: Float64Array, logQ: Float64Array): number {
  let sum = 0;
  for (let v = 0; v < logP.length; v++) sum += Math.exp(logP[v]) * (logP[v] - logQ[v]);
  return sum;
}

/** log softmax, in float64. */
function logProbabilities(logits: Float32Array): Float64Array {
  const max = logits[likeliest(logits)];
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v] - max);
  const logSum = max + Math.log(sum);
  return Float64Array.from(logits, (logit) => logit - logSum);
}

/** The first of the largest. */
function likeliest(values: Float32Array | Float64Array): number {
  let best = 0;
  for (let v = 1; v < values.length; v++) if (values[v] > values[best]) best = v;
  return best;
}
