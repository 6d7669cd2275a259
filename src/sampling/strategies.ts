import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { Uniform } from '../base/random.ts';
import type { Certainty } from './decode.ts';

/** One step of the reverse process, t → s, after every position that the strategy asks for was predicted. */
export interface ReverseStep extends Certainty {
  /** All positions that the block may write, ascending; what is given isn't among them. */
  readonly positions: readonly number[];
  /** Those of them that are noise at t: masked, or all where noise can't be told from a token. */
  readonly masked: readonly number[];
  /** Those that were predicted. */
  readonly asked: readonly number[];
  /** x_t   [L] */
  readonly xt: Int32Array;
  /** The predicted token where one was asked for, x_t elsewhere   [L] */
  readonly x0: Int32Array;
  /** By position, how sure the prediction for it is, the latest if it was asked for several times; `confidence` is
   * p_θ(x_0^i | x_t) of the predicted token, and NaN where nothing was predicted yet.   [L] */
  readonly confidence: Float64Array;
  /** By position, the likeliest token of the latest prediction; x_t where there was none   [L] */
  readonly likeliest: Int32Array;
  /** So many steps in a row the likeliest tokens have been the same in all positions asked for. */
  readonly steady: number;
  /** The block's time, from 1 (all masked) to 0 (none). */
  readonly t: number;
  readonly s: number;
  /** How many the plan reveals in this step; the counts of a block's steps add up to the block. */
  readonly count: number;
  /** One random number for each position, of this step alone. */
  readonly uniform: Uniform;
}

/** What becomes of a block at time s. A position that isn't named stays as it was at t. */
export interface Transition {
  /** Positions that are written. */
  readonly written: readonly number[];
  /** What is written there, by position. Default: the predicted tokens, x̂_0   [L] */
  readonly tokens?: Int32Array;
  /** Positions that become noise (again): masks, or random tokens. */
  readonly noised?: readonly number[];
  /** Whether the block needs no further step; after its last it never does. Default: when nothing in it is noise. */
  readonly done?: boolean;
}

/** How a block gets from t to s. */
export interface Strategy {
  /** A step to s > 0. */
  readonly step: (step: ReverseStep) => Transition;
  /** The step to s = 0, after which nothing is noise. Default: what is still noise is written as predicted. */
  readonly finish?: (step: ReverseStep) => Transition;
  /** Which positions of a block are predicted in a step. Default: those that are noise. */
  readonly asks?: (block: Pick<ReverseStep, 'positions' | 'masked'>) => readonly number[];
  /** Whether a token that was written may be changed later. Then no end token is certain before the block is done. */
  readonly rewrites?: boolean;
  /** Steps that may follow at t = 0, as soon as nothing is noise, until one says that the block is done. Default: none. */
  readonly corrections?: number;
}

/**
 * Which of the masked positions keep their predicted token; all others are [MASK] again at time s. It isn't asked at
 * s = 0, where nothing is masked, so it always ends.
 */
export type Selection = (step: ReverseStep) => readonly number[];

/** The strategies that only ever reveal: LLaDA's, and most of the field's. */
export const unmasking = (select: Selection): Strategy => ({ step: (step) => ({ written: select(step) }) });

/** The surest are kept, the least confident masked again. LLaDA Algorithm 5; MaskGIT. */
export const lowConfidence: Selection = ({ masked, confidence, count }) =>
  surest(masked, count, (i) => confidence[i]);

/** Those are kept whose likeliest token is farthest ahead of the next: p₁ − p₂. Dream's `topk_margin`. */
export const margin: Selection = (step) => surest(step.masked, step.count, (i) => step.margin[i]);

/** Those of least entropy are kept. Dream's `entropy`, which is −H; llama.cpp's has the other sign, and keeps guesses. */
export const entropy: Selection = (step) => surest(step.masked, step.count, (i) => -step.entropy[i]);

/** The leftmost are kept, whatever the model is sure of: SDAR's `sequential`; one at a time it is how a causal model writes. */
export const leftToRight: Selection = ({ masked, count }) => masked.slice(0, count);

/** A fixed number is kept, wherever chance will have it: LLaDA's code, where Algorithm 4 has a coin for each position. */
export const random: Selection = ({ masked, uniform, count }) => highest(masked, count, uniform);

/**
 * The exact reverse process: each position stays masked with the probability that it's masked at s if it was at t.
 *
 *     q(x_s^i = M | x_t^i = M) = (1 − α(s)) / (1 − α(t))       LLaDA Eq. (10), Algorithm 4: s/t if α(t) = 1 − t
 */
export const ancestral =
  (schedule: NoiseSchedule): Selection =>
  ({ masked, t, s, uniform }) => {
    const stays = schedule.masked(s) / schedule.masked(t);
    return masked.filter((i) => uniform(i) >= stays);
  };

/**
 * The exact reverse process in continuous time, seen only when something happens: one position at each forward, any of
 * them alike. It happens at t · u^(1/n) for n masks, the latest of n uniform times before t, but the predictor isn't told
 * the time. It needs a step for each token. Zheng et al. 2024 (arXiv:2409.02908); BD3-LM's `first_hitting`.
 */
export const firstHitting: Selection = ({ masked, uniform }) => highest(masked, 1, uniform);

/**
 * All that the model gives at least τ, and always the surest one, so that every step gets somewhere. Fast-dLLM.
 * It takes as many steps as it needs: with fewer allowed than that, the last one reveals what is left.
 */
export const threshold =
  (tau: number): Selection =>
  ({ masked, confidence }) => {
    const [first] = surest(masked, 1, (i) => confidence[i]);
    return masked.filter((i) => i === first || confidence[i] >= tau);
  };

/** All that the model gives more than τ if they are at least as many as the plan reveals, else so many of the surest. LLaDA2.0. */
export const thresholdOrCount =
  (tau: number): Selection =>
  ({ masked, confidence, count }) => {
    const sure = masked.filter((i) => confidence[i] > tau);
    return sure.length >= count ? sure : surest(masked, count, (i) => confidence[i]);
  };

/**
 * From the surest on, for as long as the n-th is sure enough for n tokens at once; the first always.
 *
 *     conf_(n) ≥ 1 − f / (n + 1)                                Fast-dLLM's `factor`, after its Theorem 1
 *
 * Up to f = 1 what is kept together is the likeliest that could be written there together.
 */
export const factor =
  (f: number): Selection =>
  ({ masked, confidence }) =>
    takeWhile(
      surest(masked, masked.length, (i) => confidence[i]),
      (i, n) => n === 1 || confidence[i] >= 1 - f / (n + 1),
    );

/**
 * In the order of entropy, for as long as what was kept before adds up to no more than the bound; so the first always.
 *
 *     Σ_{j < n} H_(j) ≤ γ                       nats; EB-Sampler (arXiv:2505.24857), DiffusionGemma with γ = 0.1
 */
export const entropyBound =
  (gamma: number): Selection =>
  (step) => {
    let earlier = 0;
    return takeWhile(
      surest(step.masked, step.masked.length, (i) => -step.entropy[i]),
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
  (tau: number, tauLow: number): Selection =>
  (step) => {
    const heads = runsOf(step.masked)
      .flatMap((run) => surest(run, 1, (i) => step.confidence[i]))
      .filter((i) => step.confidence[i] > tauLow);
    const kept = new Set([...threshold(tau)(step), ...heads]);
    return step.masked.filter((i) => kept.has(i));
  };

/**
 * What was written is predicted again with each step, and changed where another token is sure enough:
 *
 *     Γ = { masked i: p_θ(x̂_0^i) > τ }, or the `minReveal` surest of them          Δ = { written i: x̂_0^i ≠ x_t^i, p_θ(x̂_0^i) > τ_edit }
 *
 * Once nothing is masked, at most `corrections` steps more, until one has nothing to change. LLaDA2.1, token editing.
 *
 * @param minReveal  how many masks a step reveals at least
 */
export function tokenEditing(
  tau: number,
  tauEdit: number,
  { minReveal = 1, corrections = 16 }: { minReveal?: number; corrections?: number } = {},
): Strategy {
  const revealed = thresholdOrCount(tau);
  const step = (reverse: ReverseStep): Transition => {
    const { positions, masked, xt, x0, confidence } = reverse;
    const noise = new Set(masked);
    const edited = positions.filter((i) => !noise.has(i) && x0[i] !== xt[i] && confidence[i] > tauEdit);
    const last = reverse.t > 0 && reverse.s === 0;
    return {
      written: [...(last ? masked : revealed({ ...reverse, count: minReveal })), ...edited],
      done: masked.length === 0 && edited.length === 0,
    };
  };
  return { step, finish: step, asks: ({ positions }) => positions, rewrites: true, corrections };
}

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

/**
 * The `count` surest positions, the leftmost among those as sure as each other to 14 bits. A network that sees nothing but
 * masks says the same everywhere; which position then comes first must not hang on how a sum was rounded, which differs
 * with the batch and the device.
 */
const surest = (positions: readonly number[], count: number, score: (i: number) => number): number[] =>
  highest(positions, count, (i) => to14Bits(score(i)));

/** A number with the rest of its 53 bits cut off. Dekker 1971, (4.7). */
function to14Bits(x: number): number {
  const c = x * (2 ** 39 + 1);
  return Number.isFinite(c) ? c - (c - x) : x;
}

/** The `count` positions of highest score; among equals the leftmost. */
function highest(positions: readonly number[], count: number, score: (i: number) => number): number[] {
  return positions
    .map((i) => ({ i, score: score(i) }))
    .sort((a, b) => b.score - a.score) // stable, so equals stay in order
    .slice(0, count)
    .map(({ i }) => i);
}
