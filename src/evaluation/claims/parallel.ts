import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { lineChart } from '../charts/line-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { windowLength } from './corpus.ts';
import { exactOf, isAbove, pairedDifference, pooled, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (c) Several tokens a forward. */
export const parallel: Claim = {
  letter: 'c',
  title: 'Parallel tokens',
  sentence:
    'Writing several tokens a forward makes diffusion faster than a causal model, at no cost in quality.',
  how: 'Exact −log p of held-out text, the surest first, at 1, 2, 4 and 8 tokens a step; beside it the causal model of the same size. Seconds of wall time are of texts of 64 characters written one after another, with the cache of keys and values for the causal model and no cache for diffusion.',
  rule: 'Shown if two or more tokens a step cost at most 0.05 nats a token more than one, and write more tokens a second than the causal model; refuted if two cost more than that by over two standard errors; else not at this scale.',
  wouldChange:
    'Text with one right answer, as puzzles (claim m), structured rows and much code: there tokens depend less on chance. Models distilled to be sure of what they write (unmask distill) pay less, and lose variety.',
  usesText: true,
  measure,
};

const perStep = [1, 2, 4, 8] as const;
const allowed = 0.05;

async function measure(lab: Lab): Promise<Finding> {
  const [runs, causal] = await Promise.all(
    (['masked-diffusion', 'autoregressive'] as const).map((objective) => textRuns(lab, { objective })),
  );
  const costs = await Promise.all(perStep.map((tokensPerStep) => exactOf(lab, runs, { tokensPerStep })));
  const speeds: number[] = [];
  // one after another, so that they don't slow each other down
  for (const tokensPerStep of perStep) speeds.push(await speedOf(lab, runs[0], tokensPerStep));
  const causalSpeed = await speedOf(lab, causal[0], 1);
  const causalCost = pooled(await exactOf(lab, causal));
  const means = costs.map(pooled);
  const losses = costs.map((cost) => pairedDifference(cost, costs[0]));
  const pays = perStep.some((n, k) => n > 1 && losses[k].mean <= allowed && speeds[k] > causalSpeed);
  return {
    verdict: pays ? 'shown' : isAbove(losses[1], allowed) ? 'refuted' : 'not at this scale',
    number: `${perStep
      .slice(1)
      .map((n, k) => `${n} a step cost ${spread(losses[k + 1], 2)} nats a token more`)
      .join(', ')}`,
    why: `One token a step costs ${spread(means[0], 2)} nats a token at ${speeds[0].toFixed(0)} tokens a second, eight cost ${spread(means[3], 2)} at ${speeds[3].toFixed(0)}; the causal model costs ${spread(causalCost, 2)} at ${causalSpeed.toFixed(0)}.`,
    rows: [
      ...perStep.map((n, k) => ({
        model: 'masked diffusion',
        tokensPerForward: n,
        natsPerToken: means[k].mean,
        standardError: means[k].standardError,
        tokensPerSecond: speeds[k],
      })),
      {
        model: 'causal',
        tokensPerForward: 1,
        natsPerToken: causalCost.mean,
        standardError: causalCost.standardError,
        tokensPerSecond: causalSpeed,
      },
    ],
    chart: lineChart({
      title: 'What parallel tokens cost',
      xLabel: 'tokens a second on this machine',
      yLabel: 'exact nats a token of held-out text, lower is better',
      logarithmic: true,
      series: [
        {
          name: 'masked diffusion, 1 to 8 tokens a step',
          points: means.map(({ mean, standardError }, k) => ({
            x: speeds[k],
            y: mean,
            error: standardError,
          })),
        },
        { name: 'causal', points: [{ x: causalSpeed, y: causalCost.mean, error: causalCost.standardError }] },
      ],
    }),
  };
}

/** Tokens a second of a text at a time, the median of five after one that warms up. */
function speedOf(lab: Lab, run: TrainingRun, tokensPerStep: number): Promise<number> {
  return lab.measuredOf(run, `speed-${tokensPerStep}`, async (model, signal) => {
    const speeds: number[] = [];
    for (let seed = 0; seed < 6; seed++) speeds.push(await onceWritten(model, tokensPerStep, seed, signal));
    return speeds.slice(1).sort((a, b) => a - b)[2];
  });
}

async function onceWritten(
  model: Model,
  tokensPerStep: number,
  seed: number,
  signal: AbortSignal,
): Promise<number> {
  const length = windowLength - 4;
  const steps = Math.ceil(length / tokensPerStep);
  const { stats } = await model.generate({
    prompt: 'The ',
    length,
    ...(tokensPerStep > 1 && { steps }),
    stopEarly: false,
    endless: true,
    temperature: 1,
    seed,
    signal,
  });
  return stats.tokensPerSecond;
}
