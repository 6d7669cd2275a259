import { permutation } from '../base/random.ts';
import type { Uniform } from '../base/random.ts';

/**
 * Draws the diffusion times of the sequences of one batch, each uniform in (0, 1].
 * The batch is all that one optimiser step sees, accumulated micro-batches together: each of those takes its slice.
 *
 * @param count    B, the number of sequences
 * @param uniform  the random numbers of this step
 * @returns        t   [B]
 */
export type TimeSampler = (count: number, uniform: Uniform) => Float64Array;

/** Independent times, as in LLaDA Algorithm 1. */
export const independent: TimeSampler = (count, uniform) =>
  Float64Array.from({ length: count }, (_, i) => uniform(i));

/**
 * One time in each B-th of (0, 1], in random order: the loss of a batch varies less and its mean stays the same.
 *
 *     t_b = (π(b) + u) / B                   with one u and a random order π of 0 … B − 1
 *
 * MDLM's `antithetic_sampling` has t_b = ((b + u)/B) mod 1. The order is random here, so that every row's t is uniform
 * over the whole range and no micro-batch, nor any place in the batch, always gets the small times.
 */
export const lowDiscrepancy: TimeSampler = (count, uniform) => {
  const u = uniform(0);
  const strata = permutation(count, (i) => uniform(1 + i));
  return Float64Array.from(strata, (stratum) => (stratum + u) / count);
};

/** Times in pairs t, 1 − t on neighbouring rows, the first of each pair from another sampler. */
export function antithetic(sampler: TimeSampler): TimeSampler {
  return (count, uniform) => {
    const times = sampler(Math.ceil(count / 2), uniform);
    return Float64Array.from({ length: count }, (_, b) => {
      const t = times[Math.floor(b / 2)];
      return b % 2 === 0 ? t : Math.max(1 - t, Number.EPSILON); // t = 1 has no partner in (0, 1]
    });
  };
}

/** The bell of times: its mean and its width (the standard deviation before it is cut). */
export interface BellOptions {
  readonly mean: number;
  readonly width: number;
}

/**
 * Bell-shaped times: more of the batch at middling noise, where a small model learns most from a masked token.
 *
 *     t = μ + σ Φ⁻¹(Φ(a) + u (Φ(b) − Φ(a)))        a = (0.001 − μ)/σ,  b = (1 − μ)/σ,  u from another sampler
 *
 * The loss keeps its weight 1/p(t), so this weighs the bound's integrand over t by the bell: a surrogate to train with, not
 * a bound. Validation and every likelihood draw uniform times. After arXiv:2605.13026.
 */
export function bell(sampler: TimeSampler, { mean, width }: BellOptions): TimeSampler {
  const [low, high] = [normalCdf((0.001 - mean) / width), normalCdf((1 - mean) / width)];
  return (count, uniform) =>
    sampler(count, uniform).map((u) =>
      Math.min(1, Math.max(0.001, mean + width * normalQuantile(low + u * (high - low)))),
    );
}

/** Φ(x), the normal distribution function; within 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const k = 1 / (1 + 0.3275911 * z);
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = 0.5 * series.reduce((sum, a) => (sum + a) * k, 0) * Math.exp(-z * z);
  return x < 0 ? tail : 1 - tail;
}

/** Φ⁻¹(p) by halving an interval; ±8 stands for the infinities. */
function normalQuantile(p: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Where the bell lies if nobody says otherwise: experiments/LOG.md. */
export const bellDefaults: BellOptions = { mean: 0.5, width: 0.2 };

/** What a person can name. */
export const timeSamplers = {
  'low-discrepancy': () => lowDiscrepancy,
  iid: () => independent,
  bell: (options = bellDefaults) => bell(lowDiscrepancy, options),
} as const satisfies Record<string, (options?: BellOptions) => TimeSampler>;
