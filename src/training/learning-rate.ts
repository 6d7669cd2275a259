/** The learning rate of an update, a function of the count of updates alone, so that a resumed run takes the same steps. */
export type Rate = (step: number) => number;

/** The shape of a learning-rate schedule. */
export interface RateOptions {
  /** The highest rate, reached at the end of the warm-up. */
  readonly peak: number;
  /** The rate of the last update; not asked by `constant`. */
  readonly minimum: number;
  /** Updates of the linear rise; 0 begins at the peak. */
  readonly warmup: number;
  /** Updates of the whole run. */
  readonly steps: number;
  /** The share of all updates that `wsd` spends on its way down, in [0, 1]. */
  readonly decayShare: number;
}

/**
 * The rate of update n = step + 1 of N, after W updates of a linear rise η = η_max · n / W:
 *
 *     η = η_min + (η_max − η_min) · (1 + cos(π · (n − W) / (N − W))) / 2          SGDR, Eq. (5), one period
 *
 * The last update has the minimum.
 */
export function cosineRate({ peak, minimum, warmup, steps }: RateOptions): Rate {
  return withWarmup(peak, warmup, (n) => {
    const share = Math.min(1, (n - warmup) / Math.max(1, steps - warmup));
    return minimum + ((peak - minimum) * (1 + Math.cos(Math.PI * share))) / 2;
  });
}

/**
 * Warm-up, stable, decay: a linear rise, the peak, then a straight line to the minimum over the last `decayShare` of all
 * updates. The rates before the decay do not depend on the length of the run, so a run can be made longer while it is stable.
 * LLaDA, section 2.2, trains by this schedule.
 */
export function wsd({ peak, minimum, warmup, steps, decayShare }: RateOptions): Rate {
  const decay = Math.round(steps * decayShare);
  return withWarmup(peak, warmup, (n) => {
    const share = Math.min(1, Math.max(0, n - (steps - decay)) / Math.max(1, decay));
    return minimum + (peak - minimum) * (1 - share);
  });
}

/** A linear rise, then the peak for ever. */
export function constantRate({ peak, warmup }: RateOptions): Rate {
  return withWarmup(peak, warmup, () => peak);
}

/** The learning-rate schedules, by name. */
export const rates = { wsd, cosine: cosineRate, constant: constantRate } as const;

function withWarmup(peak: number, warmup: number, after: (n: number) => number): Rate {
  return (step) => (step < warmup ? (peak * (step + 1)) / warmup : after(step + 1));
}
