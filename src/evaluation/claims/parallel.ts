import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { lineChart, pointsOf } from '../charts/line-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { plainSampling } from './plain-sampling.ts';
import { meansIn, numbersIn } from './rows.ts';
import { frequencyNats, windowLength } from './corpus.ts';
import { exactOf, isAbove, moreOrLess, pairedDifference, pooled, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (c) Several tokens a forward. */
export const parallel: Claim = {
  letter: 'c',
  title: 'Parallel tokens',
  sentence:
    'Writing several tokens a forward makes diffusion faster than a causal model, at no cost in quality.',
  how: 'Exact −log p of held-out text, the surest first, at 1, 2, 4 and 8 tokens a step; beside it the causal model of the same size. Seconds of wall time are those of texts of 64 characters written one after another, all ways in turn, the fastest of 12; with the cache of keys and values for the causal model and no cache for diffusion.',
  rule: 'If diffusion gains less than half of what the causal model gains over the frequencies of characters, it is not at this scale: what looks at nothing loses nothing by parallel tokens (this condition was added after a first measurement, in which models that had hardly learned passed). Shown if two or more tokens a step cost at most 0.05 nats a token more than one, and write more tokens a second than the causal model; refuted if two cost more than that by over two standard errors; else not at this scale.',
  wouldChange:
    'Text with one right answer, as puzzles (claim m), structured rows and much code: there tokens depend less on chance. Models distilled to be sure of what they write (unmask distill) pay less, and lose variety.',
  usesText: true,
  basis: ({ windows, seeds }) => `${windows} windows of held-out text, ${seeds} seeds`,
  source: { name: 'Fast-dLLM, Wu et al., 2025', url: 'https://arxiv.org/abs/2505.22618' },
  measure,
  draw,
};

const perStep = [1, 2, 4, 8] as const;
const allowed = 0.05;

async function measure(lab: Lab): Promise<Finding> {
  const [runs, causal] = await Promise.all(
    (['masked-diffusion', 'autoregressive'] as const).map((objective) => textRuns(lab, { objective })),
  );
  const costs = await Promise.all(perStep.map((tokensPerStep) => exactOf(lab, runs, { tokensPerStep })));
  const { speeds, causalSpeed } = await speedsOf(lab, runs[0], causal[0]);
  const causalCost = pooled(await exactOf(lab, causal));
  const means = costs.map(pooled);
  const losses = costs.map((cost) => pairedDifference(cost, costs[0]));
  const pays = perStep.some((n, k) => n > 1 && losses[k].mean <= allowed && speeds[k] > causalSpeed);
  const frequencies = frequencyNats(await lab.corpus(), lab.budget.windows);
  const hasLearned = frequencies - means[0].mean >= (frequencies - causalCost.mean) / 2;
  return {
    verdict: !hasLearned
      ? 'not at this scale'
      : pays
        ? 'shown'
        : isAbove(losses[1], allowed)
          ? 'refuted'
          : 'not at this scale',
    number: `${perStep
      .slice(1)
      .map((n, k) => `${n} a step cost ${moreOrLess(losses[k + 1], 2)}`)
      .join(', ')} than one`,
    why: `One token a step costs ${spread(means[0], 2)} nats a token at ${speeds[0].toFixed(0)} tokens a second, eight cost ${spread(means[3], 2)} at ${speeds[3].toFixed(0)}; the causal model costs ${spread(causalCost, 2)} at ${causalSpeed.toFixed(0)}. Frequencies of characters alone cost ${frequencies.toFixed(2)}.`,
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
  };
}

function draw(rows: Finding['rows']): string {
  return lineChart({
    title: 'What parallel tokens cost',
    xLabel: 'tokens a second on this machine',
    yLabel: 'exact nats a token of held-out text, lower is better',
    logarithmic: true,
    series: (['masked diffusion', 'causal'] as const).map((model) => ({
      name: model === 'causal' ? model : `${model}, 1 to 8 tokens a step`,
      kind: model,
      points: pointsOf(
        numbersIn(rows, 'tokensPerSecond', { model }),
        meansIn(rows, 'natsPerToken', { model }),
      ),
    })),
  });
}

const rounds = 12;

/** Tokens a second of a text at a time: the fastest of rounds in which all take turns, since others may be at work. */
function speedsOf(
  lab: Lab,
  run: TrainingRun,
  causal: TrainingRun,
): Promise<{ readonly speeds: readonly number[]; readonly causalSpeed: number }> {
  return lab.measuredOf(run, 'speeds', async (model, signal) => {
    const other = await causal.model();
    try {
      const speeds = perStep.map(() => 0);
      let causalSpeed = 0;
      for (let seed = 0; seed < rounds; seed++) {
        for (const [k, n] of perStep.entries())
          speeds[k] = Math.max(speeds[k], await onceWritten(model, n, seed, signal));
        causalSpeed = Math.max(causalSpeed, await onceWritten(other, 1, seed, signal));
      }
      return { speeds, causalSpeed };
    } finally {
      await other.close();
    }
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
    ...plainSampling,
    seed,
    signal,
  });
  return stats.tokensPerSecond;
}
