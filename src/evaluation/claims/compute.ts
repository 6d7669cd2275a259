import { grouped } from '../../base/format-count.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { lineChart, pointsOf } from '../charts/line-chart.ts';
import { type Mean, plainMean } from '../mean.ts';
import { modelKinds } from '../../base/model-kinds.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn, numbersIn } from './rows.ts';
import { frequencyNats } from './corpus.ts';
import { exactOf, pooled } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (b) What diffusion costs to train. */
export const compute: Claim = {
  letter: 'b',
  title: '2 to 10 times the compute',
  sentence:
    'Masked diffusion needs 2 to 10 times the compute of a causal model to reach the same likelihood.',
  how: 'The same network, text and batch, the learning rate tuned for each, bell-shaped times for diffusion; causal for an eighth to all of the updates, diffusion for a quarter to twice of them; the factor of updates at which exact −log p of held-out text is that of the causal model after an eighth. A token of an update costs both the same FLOP, so the factor of FLOP is that of updates. Of two orders, left to right and the surest first, the better one counts.',
  rule: 'If the causal model knows no more than the frequencies of characters after an eighth, it is not at this scale. Shown if the factor is from 2 to 10; refuted if it is less than 2, or more than 10 or not reached at 16; where it is reached by no budget and none of 10 or more was tried: not at this scale.',
  wouldChange:
    'The factor is that of one small network on one text at an early stage: it grows as the causal model gets better (SMDM found 16). Even times, as the first models of the field had them, lengthen it (claim l).',
  usesText: true,
  basis: ({ windows, seeds }) => `${windows} windows of held-out text, ${seeds} seeds`,
  source: { name: 'SMDM, Nie et al., 2024', url: 'https://arxiv.org/abs/2410.18514' },
  measure,
  draw,
};

/** Shares of the usual updates. */
const shares = {
  autoregressive: [1 / 8, 1 / 4, 1 / 2, 1],
  'masked-diffusion': [1 / 4, 1 / 2, 1, 2],
} as const;

interface Level {
  readonly objective: keyof typeof shares;
  readonly updates: number;
  readonly nats: Mean;
  readonly seconds: number;
}

async function measure(lab: Lab): Promise<Finding> {
  const objectives = ['autoregressive', 'masked-diffusion'] as const;
  const [causal, diffusion] = await Promise.all(
    objectives.map((objective) =>
      Promise.all(shares[objective].map((share) => levelAt(lab, objective, share))),
    ),
  );
  const target = causal[0];
  const updates = crossing(diffusion, target.nats.mean, ({ updates: at }) => at);
  const seconds = crossing(diffusion, target.nats.mean, (level) => level.seconds);
  const factor = updates && updates / target.updates;
  const most = diffusion.at(-1)!.updates / target.updates;
  const isReachedAtOnce = diffusion[0].nats.mean <= target.nats.mean;
  const hasLearned = target.nats.mean < frequencyNats(await lab.corpus(), lab.budget.windows);
  const says = isReachedAtOnce
    ? `at most ${factor!.toFixed(1)} times`
    : factor
      ? `${factor.toFixed(1)} times`
      : `more than ${most.toFixed(0)} times`;
  const isShown = factor !== undefined && !isReachedAtOnce && factor >= 2 && factor <= 10;
  const isRefuted = factor !== undefined || most > 10;
  return {
    verdict: !hasLearned
      ? 'not at this scale'
      : isShown
        ? 'shown'
        : isRefuted
          ? 'refuted'
          : 'not at this scale',
    number: `${says} the updates and FLOP${seconds ? `, ${(seconds / target.seconds).toFixed(1)} times the seconds` : ''} to the causal model's ${target.nats.mean.toFixed(2)} nats a token`,
    why: `After as many updates (${grouped(lab.budget.updates)}) text costs ${diffusion[2].nats.mean.toFixed(2)} nats a token by diffusion and ${causal[3].nats.mean.toFixed(2)} by the causal model.`,
    rows: [...causal, ...diffusion].map(({ nats, ...level }) => ({
      ...level,
      natsPerToken: nats.mean,
      standardError: nats.standardError,
    })),
  };
}

function draw(rows: Finding['rows']): string {
  return lineChart({
    title: 'Exact cost of held-out text against training',
    xLabel: 'updates',
    yLabel: 'nats a token, lower is better',
    logarithmic: true,
    series: (Object.keys(shares) as Level['objective'][]).map((objective) => ({
      name: modelKinds[objective],
      kind: modelKinds[objective],
      points: pointsOf(
        numbersIn(rows, 'updates', { objective }),
        meansIn(rows, 'natsPerToken', { objective }),
      ),
    })),
  });
}

async function levelAt(lab: Lab, objective: Level['objective'], share: number): Promise<Level> {
  const updates = Math.round(share * lab.budget.updates);
  const runs = await textRuns(lab, { objective, updates });
  const seconds = plainMean(runs.map((run) => run.seconds)).mean;
  return { objective, updates, seconds, nats: await bestOrder(lab, runs) };
}

/** The cost by the better of two orders, so that diffusion isn't charged for a poor one. */
export async function bestOrder(lab: Lab, runs: readonly TrainingRun[]): Promise<Mean> {
  const isCausal = runs[0].options.objective === 'autoregressive';
  const ways = isCausal ? ['low-confidence'] : ['low-confidence', 'left-to-right'];
  const costs = await Promise.all(
    ways.map(async (strategy) =>
      pooled(await exactOf(lab, runs, { strategy: strategy as 'low-confidence' | 'left-to-right' })),
    ),
  );
  return costs.reduce((best, next) => (next.mean < best.mean ? next : best));
}

/** Where a curve that falls first meets a level, by a straight line between logarithms; undefined where it doesn't. */
export function crossing(
  levels: readonly Level[],
  nats: number,
  of: (level: Level) => number,
): number | undefined {
  const below = levels.findIndex((level) => level.nats.mean <= nats);
  if (below < 0) return undefined;
  if (below === 0) return of(levels[0]);
  const [above, at] = [levels[below - 1], levels[below]];
  const share = (above.nats.mean - nats) / (above.nats.mean - at.nats.mean);
  return Math.exp(Math.log(of(above)) + share * (Math.log(of(at)) - Math.log(of(above))));
}
