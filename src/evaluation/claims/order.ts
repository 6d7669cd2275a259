import { barChart } from '../charts/bar-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { exactOf, isAbove, moreOrLess, pairedDifference, pooled, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (d) Which position is written next. */
export const orderClaim: Claim = {
  letter: 'd',
  title: 'The surest token first',
  sentence:
    'Writing the tokens first that the model is surest of is better than writing them in random order.',
  how: 'One masked diffusion model of characters for each seed, begun from random weights; −log p of the same held-out windows, one token a step, the surest first (exact), from left to right (exact), and in random order (the mean over 8 orders).',
  rule: 'Shown if real text costs less with the surest first than in random order, window by window, by more than two standard errors; refuted if it costs more by as much; else not at this scale.',
  wouldChange:
    'A model that began as a causal one favours left to right; on some mathematics and code any other order loses to it (arXiv:2510.19990).',
  usesText: true,
  basis: ({ windows, seeds }) => `${windows} windows of held-out text, ${seeds} seeds`,
  source: { name: 'LLaDA, Nie et al., 2025', url: 'https://arxiv.org/abs/2502.09992' },
  measure,
  draw,
};

async function measure(lab: Lab): Promise<Finding> {
  const runs = await textRuns(lab, { objective: 'masked-diffusion' });
  const names = ['low-confidence', 'left-to-right', 'random'] as const;
  const [sure, left, random] = await Promise.all(names.map((strategy) => exactOf(lab, runs, { strategy })));
  const means = [sure, left, random].map(pooled);
  const gain = pairedDifference(random, sure);
  const loss = pairedDifference(sure, random);
  const rows = names.map((strategy, k) => ({
    order: strategy,
    natsPerToken: means[k].mean,
    standardError: means[k].standardError,
  }));
  return {
    verdict: isAbove(gain) ? 'shown' : isAbove(loss) ? 'refuted' : 'not at this scale',
    number: `the surest first costs ${moreOrLess(loss)} than random order`,
    why: `Real text costs ${spread(means[0])} nats a token with the surest first, ${spread(means[1])} from left to right and ${spread(means[2])} in random order.`,
    rows,
  };
}

function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Exact cost of held-out text by the order of writing',
    yLabel: 'nats a token, lower is better',
    groups: ['surest first', 'left to right', 'random'],
    bars: [{ name: 'masked diffusion', kind: 'masked diffusion', values: meansIn(rows, 'natsPerToken') }],
  });
}
