import type { Schedule } from '../diffusion/schedule.ts';
import type { Uniform } from '../random.ts';
import type { Certainty } from './decode.ts';

/** One step of the reverse process, t → s, after every masked position of the active block was predicted. */
export interface ReverseStep extends Certainty {
  /** The positions of the block that are masked at t, ascending; never empty. */
  readonly masked: readonly number[];
  /** By position, how sure the prediction for it is; `confidence` is p_θ(x_0^i | x_t) of the predicted token.   [L] */
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

/** Those are kept whose likeliest token is farthest ahead of the next: p₁ − p₂. Dream's `topk_margin`. */
export const margin: Strategy = (step) => highest(step.masked, step.count, (i) => step.margin[i]);

/** Those of least entropy are kept. Dream's `entropy`, which is −H; llama.cpp's has the other sign, and keeps guesses. */
export const entropy: Strategy = (step) => highest(step.masked, step.count, (i) => -step.entropy[i]);

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
 * The exact reverse process in continuous time, seen only when something happens: one position at each forward, any of
 * them alike. It happens at t · u^(1/n) for n masks, the latest of n uniform times before t, but the predictor isn't told
 * the time. It needs a step for each token. Zheng et al. 2024 (arXiv:2409.02908); BD3-LM's `first_hitting`.
 */
export const firstHitting: Strategy = ({ masked, uniform }) => highest(masked, 1, uniform);

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

/**
 * From the surest on, for as long as the n-th is sure enough for n tokens at once; the first always.
 *
 *     conf_(n) ≥ 1 − f / (n + 1)                                Fast-dLLM's `factor`, after its Theorem 1
 *
 * Up to f = 1 what is kept together is the likeliest that could be written there together.
 */
export const factor =
  (f: number): Strategy =>
  ({ masked, confidence }) =>
    takeWhile(
      highest(masked, masked.length, (i) => confidence[i]),
      (i, n) => n === 1 || confidence[i] >= 1 - f / (n + 1),
    );

/**
 * In the order of entropy, for as long as what was kept before adds up to no more than the bound; so the first always.
 *
 *     Σ_{j < n} H_(j) ≤ γ                       nats; EB-Sampler (arXiv:2505.24857), DiffusionGemma with γ = 0.1
 */
export const entropyBound =
  (gamma: number): Strategy =>
  (step) => {
    let earlier = 0;
    return takeWhile(
      highest(step.masked, step.masked.length, (i) => -step.entropy[i]),
      (i) => {
        const within = earlier <= gamma;
        earlier += step.entropy[i];
        return within;
      },
    );
  };

/**
 * All of at least τ, as `threshold`, and the surest of each run of neighbouring masks if it is above τ_low, so that long
 * runs are divided early. dInfer's hierarchical decoding.
 */
export const hierarchical =
  (tau: number, tauLow: number): Strategy =>
  (step) => {
    const heads = runsOf(step.masked)
      .flatMap((run) => highest(run, 1, (i) => step.confidence[i]))
      .filter((i) => step.confidence[i] > tauLow);
    const kept = new Set([...threshold(tau)(step), ...heads]);
    return step.masked.filter((i) => kept.has(i));
  };

/** Ascending positions, cut where one isn't the neighbour of the next. */
function runsOf(positions: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const i of positions) {
    const run = runs.at(-1);
    if (run?.at(-1) === i - 1) run.push(i);
    else runs.push([i]);
  }
  return runs;
}

/** The beginning of a list of which a condition holds, which is told how many it would be. */
function takeWhile(positions: readonly number[], holds: (i: number, n: number) => boolean): number[] {
  const end = positions.findIndex((i, index) => !holds(i, index + 1));
  return positions.slice(0, end < 0 ? positions.length : end);
}

/** The `count` positions of highest score; among equals the leftmost. */
function highest(positions: readonly number[], count: number, score: (i: number) => number): number[] {
  return positions
    .map((i) => ({ i, score: score(i) }))
    .sort((a, b) => b.score - a.score) // stable, so equals stay in order
    .slice(0, count)
    .map(({ i }) => i);
}
