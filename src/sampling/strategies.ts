import type { Schedule } from '../diffusion/schedule.ts';
import type { Uniform } from '../random.ts';

/** One step of the reverse process, t → s, after every masked position of the active block was predicted. */
export interface ReverseStep {
  /** The positions of the block that are masked at t, ascending; never empty. */
  readonly masked: readonly number[];
  /** By position, how sure the prediction for it is: p_θ(x_0^i | x_t) of the predicted token.   [L] */
  readonly confidence: Float64Array;
  /** The block's time, from 1 (all masked) to 0 (none). */
  readonly t: number;
  readonly s: number;
  /** How many the plan reveals in this step; the counts of a block's steps add up to the block. */
  readonly count: number;
  /** One random number for each position, of this step alone. */
  readonly uniform: Uniform;
}

/**
 * A remasking strategy says which of the masked positions keep their predicted token; all others are [MASK] again
 * at time s. It isn't asked at s = 0, where nothing is masked, so every strategy ends.
 */
export type Strategy = (step: ReverseStep) => readonly number[];

/** The surest are kept, the least confident masked again. LLaDA Algorithm 5; MaskGIT. */
export const lowConfidence: Strategy = ({ masked, confidence, count }) =>
  highest(masked, count, (i) => confidence[i]);

/** A fixed number is kept, wherever chance will have it: LLaDA's code, where Algorithm 4 has a coin for each position. */
export const random: Strategy = ({ masked, uniform, count }) => highest(masked, count, uniform);

/**
 * The exact reverse process: each position stays masked with the probability that it's masked at s if it was at t.
 *
 *     q(x_s^i = M | x_t^i = M) = (1 − α(s)) / (1 − α(t))       LLaDA Eq. (10), Algorithm 4: s/t if α(t) = 1 − t
 */
export const ancestral =
  (schedule: Schedule): Strategy =>
  ({ masked, t, s, uniform }) => {
    const stays = schedule.masked(s) / schedule.masked(t);
    return masked.filter((i) => uniform(i) >= stays);
  };

/**
 * All that the model gives at least τ, and always the surest one, so that every step gets somewhere. Fast-dLLM.
 * It takes as many steps as it needs: with fewer allowed than that, the last one reveals what is left.
 */
export const threshold =
  (tau: number): Strategy =>
  ({ masked, confidence }) => {
    const [surest] = highest(masked, 1, (i) => confidence[i]);
    return masked.filter((i) => i === surest || confidence[i] >= tau);
  };

/** The `count` positions of highest score; among equals the leftmost. */
function highest(positions: readonly number[], count: number, score: (i: number) => number): number[] {
  return positions
    .map((i) => ({ i, score: score(i) }))
    .sort((a, b) => b.score - a.score) // stable, so equals stay in order
    .slice(0, count)
    .map(({ i }) => i);
}
