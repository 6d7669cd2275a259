import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import type { ScoredSampler } from '../../language-model/score-options.ts';
import { type Mean, plainMean } from '../mean.ts';
import { heldOutWindows, windowLength } from './corpus.ts';
import type { Lab } from './lab.ts';

/** How text is written: the surest first, over the whole window, unless it is said otherwise. */
export type ExactWay = Partial<ScoredSampler>;

/**
 * −log p of each held-out window under a sampler, in nats a token, of one run's model: exact, or where the sampler draws
 * positions the mean over 8 orders. Of a causal model by the chain rule.
 */
export function exactNats(lab: Lab, run: TrainingRun, way: ExactWay = {}): Promise<number[]> {
  const isCausal = run.options.objective === 'autoregressive';
  const sampler = { strategy: 'low-confidence', blockLength: windowLength, ...way } as const;
  const name = isCausal ? 'exact' : `exact-${Object.values(sampler).join('-')}`;
  return lab.measuredOf(run, name, async (model, signal) => {
    const windows = heldOutWindows(await lab.corpus(), lab.budget.windows);
    return scored(model, windows, isCausal ? undefined : sampler, signal);
  });
}

async function scored(
  model: Model,
  windows: readonly string[],
  sampler: ExactWay | undefined,
  signal: AbortSignal,
): Promise<number[]> {
  const scores = await Promise.all(
    windows.map((answer) => model.score({ answer, ...(sampler && { sampler }), signal })),
  );
  return scores.map(({ natsPerToken }) => natsPerToken);
}

/** Exact nats of the windows for every run. */
export const exactOf = (lab: Lab, runs: readonly TrainingRun[], way?: ExactWay): Promise<number[][]> =>
  Promise.all(runs.map((run) => exactNats(lab, run, way)));

/**
 * The mean of what was measured on the same items with several seeds, with an error for other items and other seeds:
 * √(s²_items / items + s²_seeds / seeds), the first over items averaged over seeds, the second over seeds' means.
 *
 * @param values  [seed][item]
 */
export function pooled(values: readonly (readonly number[])[]): Mean {
  const items = values[0].map((_, i) => plainMean(values.map((row) => row[i])).mean);
  const seeds = values.map((row) => plainMean(row).mean);
  const errors = [plainMean(items), plainMean(seeds)].map(({ standardError }) => standardError || 0);
  return { mean: plainMean(items).mean, standardError: Math.hypot(...errors) };
}

/** What one has more than the other, item by item and seed by seed. */
export const pairedDifference = (
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): Mean => pooled(a.map((row, seed) => row.map((value, i) => value - b[seed][i])));

/** The difference of two means that were measured apart. */
export const differenceOf = (a: Mean, b: Mean): Mean => ({
  mean: a.mean - b.mean,
  standardError: Math.hypot(a.standardError || 0, b.standardError || 0),
});

/** Whether a value is above 0 by more than two standard errors. */
export const isAbove = ({ mean, standardError }: Mean, limit = 0): boolean =>
  mean - limit > 2 * (standardError || 0);

/** A number with its error. */
export const spread = ({ mean, standardError }: Mean, digits = 3): string =>
  `${mean.toFixed(digits)} ± ${(standardError || 0).toFixed(digits)}`;

/** A difference of costs with its error: so many nats a token more, or less. */
export const moreOrLess = ({ mean, standardError }: Mean, digits = 3): string =>
  `${spread({ mean: Math.abs(mean), standardError }, digits)} nats a token ${mean < 0 ? 'less' : 'more'}`;

/** A share with its error, in per cent. */
export const percent = ({ mean, standardError }: Mean): string =>
  `${(100 * mean).toFixed(0)} ± ${(100 * (standardError || 0)).toFixed(0)} %`;
