import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { ReverseStep, Strategy } from './strategies.ts';

/** What a step's α(t) and α(s) leave for σ, and the tokens that stand. */
export interface Remasking {
  /** The largest σ that a reverse process with these marginals can have: min(1, (1 − α(s)) / α(t)). */
  readonly max: number;
  /** Positions of the block that hold a token at t. */
  readonly standing: readonly number[];
}

/** σ of a step: with what probability each position that stands is masked again. At most `max`. */
export type Sigma = (step: ReverseStep, remasking: Remasking) => (i: number) => number;

/**
 * ReMDM: a reverse process that also masks again what it wrote, and has the marginals of the forward process for every σ.
 *
 *     q(x_s^i = M | x_t^i = x)  =  σ                                       for a token x
 *     q(x_s^i = M | x_t^i = M)  =  (1 − α(s) − σ α(t)) / (1 − α(t))        arXiv:2503.00307, Eq. (6)
 *
 * So P(x_s^i ≠ M) = α(t) (1 − σ) + α(s) − (1 − σ) α(t) = α(s). σ = 0 is the ancestral step. At s = 0 no σ is left, and
 * what is masked is written.
 */
export const remdm = (schedule: Pick<NoiseSchedule, 'alpha' | 'masked'>, sigma: Sigma): Strategy => ({
  rewrites: true,
  step: (step) => {
    const { positions, masked, t, s, uniform } = step;
    const [visible, maskedAtT, maskedAtS] = [schedule.alpha(t), schedule.masked(t), schedule.masked(s)];
    const noise = new Set(masked);
    const standing = positions.filter((i) => !noise.has(i));
    const max = visible > 0 ? Math.min(1, maskedAtS / visible) : 1;
    const sigmaOf = sigma(step, { max, standing });
    return {
      written: masked.filter((i) => uniform(i) >= (maskedAtS - sigmaOf(i) * visible) / maskedAtT),
      noised: standing.filter((i) => uniform(i) < sigmaOf(i)),
      done: false, // nothing may be masked just now
    };
  },
});

/** The same σ in every step, as far as it's possible: ReMDM-cap; η = 0.008 for 1,024 steps. */
export const capped =
  (eta: number): Sigma =>
  (_, { max }) => {
    const sigma = Math.min(eta, max);
    return () => sigma;
  };

/** A share of the largest σ: ReMDM-rescale; η = 0.015 for 1,024 steps. */
export const rescaled =
  (eta: number): Sigma =>
  (_, { max }) =>
  () =>
    eta * max;

/**
 * Those that were unsure when they were written are masked again the sooner: ReMDM-conf.
 *
 *     σ_i = max · exp(−conf_i) / Σ_j exp(−conf_j)                over the n tokens that stand
 *
 * It depends on what stands, so a masked position needs a σ of its own. The paper's code takes 0, and fewer tokens
 * stand than α says; max / (n + 1) is what keeps their number Binomial(L, α(s)) on average.
 */
export const unsureFirst: Sigma = ({ confidence }, { max, standing }) => {
  const weight = (i: number): number => Math.exp(-confidence[i]);
  const total = standing.reduce((sum, i) => sum + weight(i), 0);
  const stands = new Set(standing);
  return (i) => (stands.has(i) ? (max * weight(i)) / total : max / (standing.length + 1));
};

/** When ReMDM-loop stands still. */
export interface Loop {
  /** The times between which it does, 1 ≥ from > until ≥ 0. */
  readonly from: number;
  readonly until: number;
  /** α meanwhile. */
  readonly alpha: number;
}

/** A schedule whose α stands still in a stretch of time, and runs through its values before and after. */
export function standingStill(
  schedule: NoiseSchedule,
  { from, until, alpha }: Loop,
): Pick<NoiseSchedule, 'alpha' | 'masked'> {
  const still = schedule.time(alpha);
  const time = (t: number): number => {
    if (t > from) return 1 - ((1 - t) / (1 - from)) * (1 - still);
    return t > until ? still : (still * t) / until;
  };
  return { alpha: (t) => schedule.alpha(time(t)), masked: (t) => schedule.masked(time(t)) };
}

/** Only while α stands still, with the same σ in each of those steps: ReMDM-loop, with `standingStill`. */
export const whileStill =
  (eta: number, { from, until }: Loop): Sigma =>
  (step, remasking) =>
    step.t <= from && step.t > until ? capped(eta)(step, remasking) : () => 0;
