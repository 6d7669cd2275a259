import { lineChart, pointsOf } from '../charts/line-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn, numbersIn } from './rows.ts';
import { windowLength } from './corpus.ts';
import { exactOf, isAbove, moreOrLess, pairedDifference, pooled } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (e) Block by block. */
export const blocks: Claim = {
  letter: 'e',
  title: 'Semi-autoregressive blocks',
  sentence:
    'A masked diffusion model writes better block by block, from left to right, than over all of a text at once.',
  how: 'The models of claim (d): exact −log p of held-out windows of 64 characters, one token a step, the surest first within blocks of 4, 8, 16, 32, and of all 64.',
  rule: 'Blocks of 16 were chosen beforehand. Shown if real text costs less with them than over the whole window, window by window, by more than two standard errors; refuted if it costs more by as much; else not at this scale.',
  wouldChange:
    'Instruction models, whose windows end in padding, gain more (LLaDA-Instruct on GSM8K: 69 % without, 79 % with). Text that is known from its end gains nothing.',
  usesText: true,
  basis: ({ windows, seeds }) => `${windows} windows of held-out text, ${seeds} seeds`,
  source: { name: 'LLaDA, Nie et al., 2025', url: 'https://arxiv.org/abs/2502.09992' },
  measure,
  draw,
};

const lengths = [4, 8, 16, 32, windowLength] as const;

async function measure(lab: Lab): Promise<Finding> {
  const runs = await textRuns(lab, { objective: 'masked-diffusion' });
  const costs = await Promise.all(lengths.map((blockLength) => exactOf(lab, runs, { blockLength })));
  const means = costs.map(pooled);
  const [chosen, whole] = [costs[lengths.indexOf(16)], costs[costs.length - 1]];
  const gain = pairedDifference(whole, chosen);
  const loss = pairedDifference(chosen, whole);
  return {
    verdict: isAbove(gain) ? 'shown' : isAbove(loss) ? 'refuted' : 'not at this scale',
    number: `blocks of 16 cost ${moreOrLess(loss)} than the whole window`,
    why: lengths.map((length, k) => `Blocks of ${length}: ${means[k].mean.toFixed(3)}`).join('. ') + '.',
    rows: lengths.map((blockLength, k) => ({
      blockLength,
      natsPerToken: means[k].mean,
      standardError: means[k].standardError,
    })),
  };
}

function draw(rows: Finding['rows']): string {
  return lineChart({
    title: 'Exact cost of held-out text by the length of blocks',
    xLabel: 'tokens of a block',
    yLabel: 'nats a token, lower is better',
    logarithmic: true,
    series: [
      {
        name: 'masked diffusion, the surest first within each block',
        kind: 'masked diffusion',
        points: pointsOf(numbersIn(rows, 'blockLength'), meansIn(rows, 'natsPerToken')),
      },
    ],
  });
}
