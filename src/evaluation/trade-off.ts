/** One text that was written in some way: what it cost, and how good it is. */
export interface Trial {
  readonly forwards: number;
  readonly tokens: number;
  readonly ms: number;
  /** How likely the model itself finds what was written, nats a token: an upper bound on −log p / tokens. */
  readonly natsPerToken: number;
  /** Whether it is the answer that was expected, where there is one. */
  readonly isExact?: boolean;
}

/** A way to sample, over all prompts. */
export interface SamplingOutcome {
  readonly name: string;
  /** Ways of one group differ in a parameter. */
  readonly group: string;
  readonly trials: number;
  readonly tokensPerForward: number;
  readonly tokensPerSecond: number;
  /** Mean over the texts, and its standard error. */
  readonly natsPerToken: number;
  readonly standardError: number;
  /** The share of expected answers. */
  readonly exact?: number;
}

/**
 * What a way to sample comes to. Speeds are all tokens over all forwards and seconds, so that no text counts for more than
 * its length.
 */
export function outcomeOf(name: string, group: string, trials: readonly Trial[]): SamplingOutcome {
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  const n = trials.length;
  const mean = sum(({ natsPerToken }) => natsPerToken) / n;
  const variance = sum(({ natsPerToken }) => (natsPerToken - mean) ** 2) / Math.max(1, n - 1);
  const tokens = sum((trial) => trial.tokens);
  const answered = trials.filter(({ isExact }) => isExact !== undefined);
  return {
    name,
    group,
    trials: n,
    tokensPerForward: tokens / sum(({ forwards }) => forwards),
    tokensPerSecond: (1000 * tokens) / sum(({ ms }) => ms),
    natsPerToken: mean,
    standardError: Math.sqrt(variance / n),
    ...(answered.length > 0 && {
      exact: answered.filter(({ isExact }) => isExact).length / answered.length,
    }),
  };
}

/** The ways that no other beats in both tokens a forward and quality, the slowest first. */
export function frontier(outcomes: readonly SamplingOutcome[]): SamplingOutcome[] {
  const best: SamplingOutcome[] = [];
  for (const outcome of outcomes.toSorted((a, b) => b.tokensPerForward - a.tokensPerForward))
    if (best.every(({ natsPerToken }) => outcome.natsPerToken < natsPerToken)) best.unshift(outcome);
  return best;
}

/**
 * The way with the most tokens a forward among those as good as a baseline: at most one of the baseline's standard errors
 * worse.
 */
export function recommended(
  outcomes: readonly SamplingOutcome[],
  baseline: SamplingOutcome,
): SamplingOutcome {
  const limit = baseline.natsPerToken + baseline.standardError;
  return outcomes
    .filter(({ natsPerToken }) => natsPerToken <= limit)
    .reduce((best, next) => (next.tokensPerForward > best.tokensPerForward ? next : best), baseline);
}
