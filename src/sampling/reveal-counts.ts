import { maskProbability } from '../diffusion/forward.ts';
import { linearNoise, type NoiseSchedule } from '../diffusion/noise-schedule.ts';

/**
 * How many tokens of a block each step reveals: one number a step, adding up to `masked`.
 *
 * @param masked  masked positions of the block when its first step begins
 * @param steps   steps of the block
 */
export type RevealCounts = (masked: number, steps: number) => number[];

/**
 * The same number a step, ⌊masked / steps⌋, and one more in the first (masked mod steps) steps: LLaDA's code.
 *
 * LLaDA Algorithm 5 puts the remainder elsewhere (10 tokens in 4 steps: here 3 3 2 2, there 2 3 2 3); the code's
 * rule is the one that published samples come from.
 */
export const evenly: RevealCounts = (masked, steps) =>
  Array.from({ length: steps }, (_, k) => Math.floor(masked / steps) + (k < masked % steps ? 1 : 0));

/**
 * As many as a noise schedule has visible at each time: after the step to s, ⌊masked · α(s)⌋ tokens stand.
 * LLaDA Algorithm 5, line 12, for any α. A step may reveal nothing.
 */
export const following =
  (schedule: NoiseSchedule): RevealCounts =>
  (masked, steps) => {
    // 10 · (1 − 0.9) is 0.9999999999999998: without the nudge the floor would lose a token
    const inner = Array.from({ length: steps - 1 }, (_, k) =>
      Math.floor(masked * schedule.alpha((steps - 1 - k) / steps) + 1e-9),
    );
    // not all schedules are exactly 0 at t = 1 and 1 at t = 0; the ends hold whatever they say
    const standing = [0, ...inner, masked];
    return inner.concat(masked).map((count, k) => count - standing[k]);
  };

/**
 * Of the tokens that are still masked, the share that the reverse process reveals on average, made a whole number:
 *
 *     whole(masked · (1 − p(s) / p(t))), and all in the last step       LLaDA Eq. (10), with p(t) the share of masks
 *
 * @param p      the share of masks at time t
 * @param whole  Dream's code rounds down, dllm's half to even
 * @param round  applied to every intermediate result. Default: none, the arithmetic is float64.
 *   `Math.fround` gives the counts of a program that computes in float32, as dllm's does.
 */
export const byShare =
  (
    p: (t: number) => number,
    whole: (count: number) => number,
    round: (value: number) => number = (value) => value,
  ): RevealCounts =>
  (masked, steps) => {
    let left = masked;
    return Array.from({ length: steps }, (_, k) => {
      const [t, s] = [(steps - k) / steps, (steps - k - 1) / steps];
      const share = round(1 - round(p(s) / p(t)));
      const count = s > 0 ? whole(round(left * share)) : left;
      left -= count;
      return count;
    });
  };

/**
 * Dream's counts: its time ends at ε = 10⁻³, so that with a step for each token the first step reveals none and the
 * last two.
 */
export const dreamCounts: RevealCounts = byShare(
  (t) => maskProbability(t, { schedule: linearNoise }),
  Math.floor,
);
