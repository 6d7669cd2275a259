import { InvalidOptionError } from '../base/errors.ts';

/**
 * A noise schedule: how much of a sequence is still visible at diffusion time t ∈ [0, 1].
 * Training, sampling and evaluation all read the same object, so they cannot disagree about time.
 */
export interface NoiseSchedule {
  /** α(t), the expected share of visible tokens. Falls from α(0) = 1 to α(1) = 0 (log-linear: nearly 0). */
  readonly alpha: (t: number) => number;
  /** 1 − α(t), the expected share of masks: with all its digits near t = 0, where the difference would have none. */
  readonly masked: (t: number) => number;
  /** w(t) = −α′(t) / (1 − α(t)), the weight of the loss at t ∈ (0, 1]. MDLM Eq. (10). */
  readonly weight: (t: number) => number;
  /** The time at which the share `alpha` is visible: time(alpha(t)) = t. */
  readonly time: (alpha: number) => number;
}

/** α(t) = 1 − t and w(t) = 1/t: LLaDA Eq. (8) and Eq. (3). */
export const linearNoise: NoiseSchedule = {
  alpha: (t) => 1 - t,
  masked: (t) => t,
  weight: (t) => 1 / t,
  time: (alpha) => 1 - alpha,
};

/**
 * α(t) = 1 − cos(π/2 · (1 − t)) and w(t) = π/2 · cot(π/2 · t): MaskGIT's cosine.
 * Few tokens are visible for most of the time. MDLM's `cosine` is another: α(t) = ε + (1 − ε) cos(π/2 · t).
 */
export const cosineNoise: NoiseSchedule = {
  alpha: (t) => 1 - Math.sin((Math.PI / 2) * t),
  masked: (t) => Math.sin((Math.PI / 2) * t),
  weight: (t) => Math.PI / 2 / Math.tan((Math.PI / 2) * t),
  time: (alpha) => Math.asin(1 - alpha) / (Math.PI / 2),
};

/**
 * α(t) = e^−σ(t) = 1 − (1 − ε) t with σ(t) = −log(1 − (1 − ε) t), and w(t) = σ′(t) / (e^σ(t) − 1) = 1/t: MDLM's default.
 * It ends at α(1) = ε, not 0: σ(1) is finite, and the last ε of the bound's integral is left out.
 *
 * @param epsilon  the share still visible at t = 1, in [0, 1)
 */
export function logLinear(epsilon = 1e-3): NoiseSchedule {
  if (!(epsilon >= 0 && epsilon < 1)) throw new InvalidOptionError('epsilon', 'must be in [0, 1)', epsilon);
  return {
    alpha: (t) => 1 - (1 - epsilon) * t,
    masked: (t) => (1 - epsilon) * t,
    weight: (t) => 1 / t,
    time: (alpha) => (1 - alpha) / (1 - epsilon),
  };
}

/**
 * α(t) = 1 − tⁿ and w(t) = n/t: MD4's polynomial schedules. n = 1 is linear; a larger n leaves more tokens visible.
 *
 * @param exponent  n > 0
 */
export function polynomial(exponent: number): NoiseSchedule {
  if (!(exponent > 0 && Number.isFinite(exponent))) {
    throw new InvalidOptionError('exponent', 'must be greater than 0', exponent);
  }
  return {
    alpha: (t) => 1 - t ** exponent,
    masked: (t) => t ** exponent,
    weight: (t) => exponent / t,
    time: (alpha) => (1 - alpha) ** (1 / exponent),
  };
}

/** What a person can name. `polynomial` is the quadratic one. */
export const noiseSchedules = {
  linear: linearNoise,
  cosine: cosineNoise,
  'log-linear': logLinear(),
  polynomial: polynomial(2),
} as const satisfies Record<string, NoiseSchedule>;
