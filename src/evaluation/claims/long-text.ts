import { barChart } from '../charts/bar-chart.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { diversityOf } from '../judge/diversity.ts';
import { type Mean, plainMean } from '../mean.ts';
import type { Budget } from './budget.ts';
import type { Claim, Finding } from './claim.ts';
import { plainSampling } from './plain-sampling.ts';
import { meansIn } from './rows.ts';
import { heldOutWindows, windowLength } from './corpus.ts';
import { differenceOf, isAbove, pooled, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { textRuns } from './text-runs.ts';

/** (g) What is far away. */
export const longText: Claim = {
  letter: 'g',
  title: 'Long texts',
  sentence: 'Diffusion keeps longer texts together as well as a causal model does.',
  how: 'Both are trained on longer windows, with as many tokens. How much less the last quarter of held-out text costs when all of the text before it is given than when only the quarter just before it is: that is what far text is worth to a model. Beside it repeated runs of four words in texts that each writes.',
  rule: 'If far text is worth nothing to the causal model (two standard errors), it is not at this scale. Shown if it is worth as much or more to diffusion, or less by no more than two standard errors; else refuted.',
  wouldChange:
    'At a few hundred characters there is little to remember. Names and facts over pages need models and windows that no small machine trains; no published small number is known.',
  usesText: true,
  basis: ({ windows, seeds }) => `${windows} windows of long held-out text, ${seeds} seeds`,
  source: { name: 'a question of our own: we know of no paper that says it' },
  measure,
  draw,
};

interface Measured {
  /** Nats a token of each last quarter, given all before it and given a quarter. */
  readonly far: readonly number[];
  readonly near: readonly number[];
  /** Share of repeated runs of four words in what it writes. */
  readonly repeated: number;
}

const objectives = ['autoregressive', 'masked-diffusion'] as const;
const names = ['causal', 'masked diffusion'] as const;

async function measure(lab: Lab): Promise<Finding> {
  const length = lab.budget.longLength;
  const own = {
    name: `length-${length}`,
    options: { length, batch: Math.max(1, Math.round((lab.budget.batch * windowLength) / length)) },
  };
  const measured = await Promise.all(
    objectives.map(async (objective) => {
      const runs = await textRuns(lab, { objective, own });
      return Promise.all(runs.map((run) => measureRun(lab, run, length)));
    }),
  );
  const worth = measured.map((runs) =>
    pooled(runs.map(({ near, far }) => near.map((nats, i) => nats - far[i]))),
  );
  const repeats = measured.map((runs) => plainMean(runs.map(({ repeated }) => repeated)));
  const real = diversityOf(heldOutWindows(await lab.corpus(), writtenTexts, length)).repeated;
  const lack = differenceOf(worth[0], worth[1]);
  return {
    verdict: !isAbove(worth[0]) ? 'not at this scale' : isAbove(lack) ? 'refuted' : 'shown',
    number: `far text is worth ${spread(worth[1])} nats a token to diffusion, ${spread(worth[0])} to the causal model`,
    why: `Of the runs of four words in what they write, ${percentOf(repeats[1])} stood before in that of diffusion, ${percentOf(repeats[0])} in that of the causal model; in as much real text ${(100 * real).toFixed(1)} %.`,
    rows: names.map((model, k) => ({
      model,
      worthOfFarText: worth[k].mean,
      standardError: worth[k].standardError,
      lastQuarterNats: pooled(measured[k].map(({ far }) => far)).mean,
      repeated4: repeats[k].mean,
    })),
  };
}

function draw(rows: Finding['rows'], { longLength }: Budget): string {
  return barChart({
    title: `What far text is worth in windows of ${longLength}`,
    yLabel: 'nats a token that the last quarter costs less',
    groups: [...names],
    bars: [{ name: 'worth', kind: names, values: meansIn(rows, 'worthOfFarText') }],
  });
}

const percentOf = ({ mean }: Mean): string => `${(100 * mean).toFixed(1)} %`;
const writtenTexts = 8;

function measureRun(lab: Lab, run: TrainingRun, length: number): Promise<Measured> {
  const isCausal = run.options.objective === 'autoregressive';
  return lab.measuredOf(run, 'far-text', async (model, signal) => {
    const windows = heldOutWindows(await lab.corpus(), lab.budget.windows, length);
    const quarter = length / 4;
    const costs = async (from: number): Promise<number[]> => {
      const scores = windows.map((text) =>
        model.score({
          prompt: text.slice(from, 3 * quarter),
          answer: text.slice(3 * quarter),
          ...(!isCausal && { sampler: { strategy: 'low-confidence', blockLength: quarter } }),
          signal,
        }),
      );
      return (await Promise.all(scores)).map(({ natsPerToken }) => natsPerToken);
    };
    const [far, near] = [await costs(0), await costs(2 * quarter)];
    const texts = await written(model, length - 4, isCausal ? 0 : length - 4, signal);
    return { far, near, repeated: diversityOf(texts).repeated };
  });
}

/** Texts at temperature 1. */
async function written(model: Model, length: number, steps: number, signal: AbortSignal): Promise<string[]> {
  const texts = Array.from({ length: writtenTexts }, (_, seed) =>
    model.generate({
      prompt: 'The ',
      length,
      ...(steps > 0 && { steps }),
      ...plainSampling,
      endless: true,
      stopEarly: false,
      seed,
      signal,
    }),
  );
  return (await Promise.all(texts)).map(({ text }) => text);
}
