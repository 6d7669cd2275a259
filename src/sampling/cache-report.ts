import type { NdArray } from '../base/array.ts';
import type { MaskPredictor } from './predictor.ts';

/** How far a sample with a cache strayed from the same one without. */
export interface CacheReport {
  /** The share of the tokens to write that are the same in the two texts of one seed. */
  readonly agreement: number;
  /** Mean KL(p without ‖ p with the cache) of a position, in nats, over the predictions that were asked of both. */
  readonly meanKl: number;
  /** Predictions that were asked of both. */
  readonly probes: number;
}

/**
 * A predictor with a cache that asks another one, without, about the same canvas at its second call and every third
 * after it; the first is computed as a whole anyway. What it answers is the cached prediction.
 */
export function probing(
  cached: MaskPredictor,
  uncached: MaskPredictor,
): { readonly predict: MaskPredictor; readonly probed: () => Omit<CacheReport, 'agreement'> } {
  const every = 3;
  let [calls, probes, positions, nats] = [0, 0, 0, 0];
  return {
    async predict(xt, rows, context) {
      const logits = await cached(xt, rows, context);
      calls += 1;
      if (calls % every === 2) {
        const exact = await uncached(xt, rows, context);
        probes += 1;
        positions += rows.length;
        for (let r = 0; r < rows.length; r++) nats += divergence(rowOf(exact, r), rowOf(logits, r));
      }
      return logits;
    },
    probed: () => ({ meanKl: positions === 0 ? 0 : nats / positions, probes }),
  };
}

/** The share of some positions that hold the same token in two texts. */
export function agreementOf(a: Int32Array, b: Int32Array, positions: readonly number[]): number {
  return positions.filter((i) => a[i] === b[i]).length / positions.length;
}

const rowOf = ({ shape: [, V], data }: NdArray, r: number): Float32Array => data.subarray(r * V, (r + 1) * V);

/** KL(softmax(a) ‖ softmax(b)) = Σ_v p_v (ln p_v − ln q_v), in nats. */
function divergence(a: Float32Array, b: Float32Array): number {
  const [logA, logB] = [logSumExp(a), logSumExp(b)];
  let sum = 0;
  for (let v = 0; v < a.length; v++) {
    const logP = a[v] - logA;
    if (logP > -Infinity) sum += Math.exp(logP) * (logP - (b[v] - logB));
  }
  return sum;
}

function logSumExp(logits: Float32Array): number {
  let most = -Infinity;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}
