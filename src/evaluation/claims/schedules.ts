import { grouped } from '../../base/format-count.ts';
import { barChart } from '../charts/bar-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { differenceOf, isAbove, moreOrLess, spread } from './exact.ts';
import { validationOf } from './hybrid.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (l) Noise, its times, and decay. */
export const schedulesClaim: Claim = {
  letter: 'l',
  title: 'Schedules and regularisation',
  sentence:
    'The noise schedule, the times that are drawn and regularisation matter for how well diffusion learns.',
  how: 'The same masked diffusion run with one option changed: uniform times in place of a bell around ½; with uniform times a cosine noise schedule in place of a linear one; no weight decay. The bound on held-out text is always that of uniform times.',
  rule: 'Shown if a change moves the bound by more than 0.02 nats a token and two standard errors; refuted if every change is within 0.02 with two standard errors to spare; else not at this scale.',
  wouldChange:
    'Bell-shaped times help early (arXiv:2605.13026), and whether that stays over long runs is open; decay matters once text is repeated (claim j).',
  usesText: true,
  basis: ({ updates, seeds }) => `${grouped(updates)} updates each, ${seeds} seeds`,
  source: { name: 'Block diffusion, Arriola et al., 2025', url: 'https://arxiv.org/abs/2503.09573' },
  measure,
  draw,
};

/** Each with what it is compared with: the one of that place in the list. */
const variants = [
  { name: 'bell-shaped times', own: undefined, beside: 0 },
  { name: 'uniform times', own: { name: 'even', options: { times: 'low-discrepancy' } }, beside: 0 },
  {
    name: 'uniform, cosine noise',
    own: { name: 'cosine', options: { times: 'low-discrepancy', noise: 'cosine' } },
    beside: 1,
  },
  { name: 'bell, no decay', own: { name: 'no-decay', options: { weightDecay: 0 } }, beside: 0 },
] as const;
const matters = 0.02;

async function measure(lab: Lab): Promise<Finding> {
  const runs = await Promise.all(
    variants.map(({ own }) => textRuns(lab, { objective: 'masked-diffusion', ...(own && { own }) })),
  );
  const means = runs.map(validationOf);
  const gains = variants.slice(1).map(({ beside }, k) => differenceOf(means[beside], means[k + 1]));
  const moves = gains.some((gain) => isAbove({ ...gain, mean: Math.abs(gain.mean) }, matters));
  const still = gains.every(({ mean, standardError }) => Math.abs(mean) + 2 * standardError < matters);
  const named = variants.slice(1).map(({ name }, k) => {
    const { mean, standardError } = gains[k];
    return `${name}: ${moreOrLess({ mean: -mean, standardError })}`;
  });
  return {
    verdict: moves ? 'shown' : still ? 'refuted' : 'not at this scale',
    number: named.join('; '),
    why: `With bell-shaped times the bound is ${spread(means[0])} nats a token after ${lab.budget.updates} updates; the others are compared with that, cosine noise with uniform times.`,
    rows: variants.map(({ name }, k) => ({
      variant: name,
      bound: means[k].mean,
      standardError: means[k].standardError,
    })),
  };
}

function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Bound on held-out text, with one option changed',
    yLabel: 'nats a token, lower is better',
    groups: variants.map(({ name }) => name),
    bars: [{ name: 'masked diffusion', kind: 'masked diffusion', values: meansIn(rows, 'bound') }],
  });
}
