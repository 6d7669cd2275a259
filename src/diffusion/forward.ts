import type { Uniform } from '../base/random.ts';
import type { NoiseSchedule } from './noise-schedule.ts';

/** How a time becomes a probability of [MASK]. */
export interface Noising {
  readonly schedule: NoiseSchedule;
  /** The floor ε of the mask probability. Default: 10⁻³, as in LLaDA's guidelines. 0 is the paper. */
  readonly eps?: number;
}

/** A text at a time of the forward process. */
export interface Noised {
  /** x_t   [L] */
  readonly xt: Int32Array;
  /** The positions that were masked, ascending   [R] */
  readonly rows: Int32Array;
  /** p, with which each maskable token became [MASK]. */
  readonly maskProbability: number;
}

/**
 * The probability with which a token is masked at time t.
 *
 *     p(t) = (1 − ε)(1 − α(t)) + ε                     LLaDA guidelines, there for α(t) = 1 − t
 *
 * @param round  applied to every intermediate result. Default: none, the arithmetic is float64.
 *   `Math.fround` gives the bits of a program that computes p in float32, as LLaDA's does.
 */
export function maskProbability(
  t: number,
  { schedule, eps = 1e-3 }: Noising,
  round: (value: number) => number = (value) => value,
): number {
  return round(round(round(1 - eps) * round(schedule.masked(t))) + round(eps));
}

/**
 * The weight of each masked token's cross-entropy at time t.
 *
 *     w_ε(t) = w(t) · (1 − α(t)) / p(t) = −α′(t) / p(t)  1/t for the linear schedule and ε = 0: LLaDA Eq. (3)
 *                                                        1/p for the linear one and any ε: LLaDA guidelines
 *                                                        w(t) for any schedule and ε = 0: MDLM Eq. (10)
 *
 * Why this is right for a floor and any schedule: let g(p) = Σ_i E[CE_i | x_t^i = M, the others masked with probability p],
 * so that a sequence masked with probability p costs Σ_masked CE = p · g(p) on average. The bound (LLaDA Eq. 4, with p put
 * for t) is −log p_θ(x_0) ≤ ∫_0^1 g(p) dp: no schedule is left in it. As dp = −(1 − ε) α′(t) dt,
 *
 *     E_t[w_ε(t) · p(t) g(p(t))] = 1/(1 − ε) · ∫_ε^1 g(p) dp,
 *
 * the mean of g over [ε, 1] in place of [0, 1]: the same for every schedule, and exactly c · L where every CE_i is c. It is
 * ε · (g's mean over [ε, 1] − g's mean over [0, ε]) above the bound; that is at least 0 wherever more context costs less,
 * as it does on average over texts for the exact conditionals of any distribution.
 */
export function lossWeight(t: number, noising: Noising): number {
  const { weight, masked } = noising.schedule;
  return (weight(t) * masked(t)) / maskProbability(t, noising);
}

/**
 * The forward process on one sequence: draw x_t ~ q(x_t | x_0), masking every token independently.
 *
 *     q(x_t | x_0)     = ∏_i q(x_t^i | x_0^i)          LLaDA Eq. (7)
 *     q(x_t^i | x_0^i) = 1 − p(t)  if x_t^i = x_0^i    LLaDA Eq. (8), with p(t) = t
 *                        p(t)      if x_t^i = M
 *
 * @param x0        clean tokens, not written to                                                     [L]
 * @param t         diffusion time in (0, 1]
 */
export function forwardProcess(
  x0: Int32Array,
  t: number,
  {
    maskId,
    maskable,
    noise,
    round,
    ...noising
  }: Noising & {
    maskId: number;
    /** 0 where a token always stays: the prompt in fine-tuning (LLaDA Eq. 5). Default: every token can be masked.   [L] */
    maskable?: ArrayLike<number>;
    /** A uniform in (0, 1) for each position; the token is masked where it is below p. */
    noise: Uniform;
    /** See `maskProbability`. */
    round?: (value: number) => number;
  },
): Noised {
  const p = maskProbability(t, noising, round);
  const rows: number[] = [];
  const xt = x0.map((token, i) => {
    // drawn for every position, so that one seed masks the same places with and without a prompt
    const u = noise(i);
    if (maskable?.[i] === 0 || u >= p) return token;
    rows.push(i);
    return maskId;
  });
  return { xt, rows: Int32Array.from(rows), maskProbability: p };
}
