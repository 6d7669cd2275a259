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

/** What a person can name. */
export const timeSamplers = {
  'low-discrepancy': lowDiscrepancy,
  iid: independent,
} as const satisfies Record<string, TimeSampler>;
