import { grouped } from '../../base/format-count.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { barChart } from '../charts/bar-chart.ts';
import { type Mean, plainMean } from '../mean.ts';
import { modelKinds } from '../../base/model-kinds.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { differenceOf, isAbove, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (k) Blocks that are diffused, one after another. */
export const hybrid: Claim = {
  letter: 'k',
  title: 'The hybrid lies between',
  sentence:
    'Block diffusion lies between causal models and masked diffusion: the shorter its blocks, the nearer it is to causal.',
  how: 'The same network and text learned causally, in blocks of 4, in blocks of 16, and as masked diffusion over the whole window; nats a token of held-out text by validation, exact of the causal model and bounds of the others.',
  rule: 'Shown if causal, 4, 16 and the whole window follow each other in this order, each step by more than two standard errors; refuted if one step goes the other way by as much; else not at this scale.',
  wouldChange:
    'More updates bring all four closer together; a bound is no exact value, and a looser bound looks like a worse model.',
  usesText: true,
  basis: ({ updates, seeds }) => `${grouped(updates)} updates each, ${seeds} seeds`,
  source: { name: 'Block diffusion, Arriola et al., 2025', url: 'https://arxiv.org/abs/2503.09573' },
  measure,
  draw,
};

const kinds = [
  { name: 'causal', run: { objective: 'autoregressive' } },
  ...[4, 16].map((block) => ({
    name: `blocks of ${block}`,
    run: { objective: 'block-diffusion', own: { name: `block-${block}`, options: { block } } } as const,
  })),
  { name: 'whole window', run: { objective: 'masked-diffusion' } },
] as const;

/** Nats a token of held-out text, over seeds; of one run, with the error of its own estimate. */
export function validationOf(runs: readonly TrainingRun[]): Mean {
  const { mean, standardError } = plainMean(runs.map((run) => run.validation!.natsPerToken));
  return { mean, standardError: Math.hypot(standardError || 0, runs[0].validation!.standardError ?? 0) };
}

async function measure(lab: Lab): Promise<Finding> {
  const runs = await Promise.all(kinds.map(({ run }) => textRuns(lab, run)));
  const means = runs.map(validationOf);
  const steps = means.slice(1).map((mean, k) => differenceOf(mean, means[k]));
  const ordered = steps.every((step) => isAbove(step));
  const reversed = steps.some(({ mean, standardError }) => isAbove({ mean: -mean, standardError }));
  return {
    verdict: ordered ? 'shown' : reversed ? 'refuted' : 'not at this scale',
    number: kinds.map(({ name }, k) => `${name} ${k > 0 ? '≤ ' : ''}${spread(means[k])}`).join(', '),
    why: `From one to the next the cost changes by ${steps.map((step) => spread(step)).join(', ')} nats a token.`,
    rows: kinds.map(({ name }, k) => ({
      kind: name,
      natsPerToken: means[k].mean,
      standardError: means[k].standardError,
      secondsOfTraining: plainMean(runs[k].map(({ seconds }) => seconds)).mean,
    })),
  };
}

function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Cost of held-out text: causal, hybrid, diffusion',
    yLabel: 'nats a token, a bound except for causal; lower is better',
    groups: kinds.map(({ name }) => name),
    bars: [
      {
        name: 'cost',
        kind: kinds.map(({ run }) => modelKinds[run.objective]),
        values: meansIn(rows, 'natsPerToken'),
      },
    ],
  });
}
