import type { Judgement } from '../judge/judge.ts';
import type { Mean } from '../mean.ts';

/** How likely held-out text is under a way to sample, in nats a token. */
export interface HeldOutLikelihood extends Mean {
  /** Whether −log p is at most this; else it is this. */
  readonly isBound: boolean;
}

/** A way to sample at a temperature, over all prompts. */
export interface SamplingOutcome {
  readonly name: string;
  /** Ways of one group differ in what makes them faster. */
  readonly group: string;
  readonly temperature: number;
  /** All tokens over all forwards and seconds, so that no text counts for more than its length. */
  readonly tokensPerForward: number;
  readonly tokensPerSecond: number;
  /** What an outside model says of what was written, and how varied it is. */
  readonly judgement: Judgement;
  /** Of the way at temperature 1; absent of one that changes what it wrote. */
  readonly heldOut?: HeldOutLikelihood;
  /** The share of expected answers, where there are some. */
  readonly exact?: Mean;
}

const costOf = ({ heldOut }: SamplingOutcome): number => heldOut?.mean ?? Infinity;

/**
 * The ways that no other beats in both tokens a forward and the likelihood of held-out text, the slowest first. Not what is
 * written decides, which can be made likely by being dull.
 */
export function frontier(outcomes: readonly SamplingOutcome[]): SamplingOutcome[] {
  const best: SamplingOutcome[] = [];
  for (const outcome of outcomes.toSorted((a, b) => b.tokensPerForward - a.tokensPerForward))
    if (best.every((faster) => costOf(outcome) < costOf(faster))) best.unshift(outcome);
  return best.filter((outcome) => costOf(outcome) < Infinity);
}

/** The way with the most tokens a forward among those at most one of the baseline's standard errors worse on held-out text. */
export function recommended(
  outcomes: readonly SamplingOutcome[],
  baseline: SamplingOutcome,
): SamplingOutcome {
  const limit = costOf(baseline) + (baseline.heldOut?.standardError ?? 0);
  return outcomes
    .filter((outcome) => costOf(outcome) <= limit)
    .reduce((best, next) => (next.tokensPerForward > best.tokensPerForward ? next : best), baseline);
}
