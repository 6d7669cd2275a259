import { barChart } from '../charts/bar-chart.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import { type FimMarks, prefixFirst } from '../../data/fill-in-the-middle.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { type WordHole, wordHoles } from './corpus.ts';
import { isAbove, pairedDifference, percent, pooled } from './exact.ts';
import type { Lab } from './lab.ts';
import { networkOf, rateSchedule, textRuns, tunedRate } from './text-runs.ts';

/** (f) What stands on both sides. */
export const infilling: Claim = {
  letter: 'f',
  title: 'Filling holes',
  sentence: 'Diffusion fills holes in a text better than a causal model, as it sees what is behind them.',
  how: 'Words of 3 to 6 letters are cut out of held-out text and written again, with their length known; exact answers of the likeliest tokens. The causal model answers from what is before the hole, and a second one of the same size was trained to fill in the middle: each text was rearranged to before, after, middle (FIM).',
  rule: 'Shown if diffusion fills in more holes rightly than the better of the two causal models, hole by hole, by more than two standard errors; refuted if fewer by as much; else not at this scale. (At first only the causal model that was trained for it counted; it was the worse one.)',
  wouldChange:
    'Holes of unknown length are harder for diffusion, which has to find the length first; longer holes are harder for both. On code, with the right length, Open-dCoder rises from 32 % to 77 %.',
  usesText: true,
  basis: ({ questions, seeds }) => `${questions} words cut out, ${seeds} seeds`,
  source: { name: 'Diffusion-LM, Li et al., 2022', url: 'https://arxiv.org/abs/2205.14217' },
  measure,
  draw,
};

const width = 60;
const marks: FimMarks = { before: '\u27e8', after: '\u27e9', middle: '\u2023' };

type Fill = (model: Model, hole: WordHole, signal: AbortSignal) => Promise<string>;

async function measure(lab: Lab): Promise<Finding> {
  const holes = wordHoles(await lab.corpus(), lab.budget.questions, width);
  const [diffusion, causal, fim] = await Promise.all([
    textRuns(lab, { objective: 'masked-diffusion' }),
    textRuns(lab, { objective: 'autoregressive' }),
    Promise.all(lab.seeds.map((seed) => fimRun(lab, seed))),
  ]);
  const filled = (runs: readonly TrainingRun[], fill: Fill): Promise<number[][]> =>
    Promise.all(
      runs.map((run) =>
        lab.measuredOf(run, 'holes', (model, signal) =>
          Promise.all(holes.map(async (hole) => Number((await fill(model, hole, signal)) === hole.word))),
        ),
      ),
    );
  const kinds = [
    { name: 'masked diffusion', right: await filled(diffusion, infilled) },
    {
      name: 'causal, trained to fill in',
      right: await filled(fim, (model, hole, signal) =>
        continued(model, prefixFirst(hole, marks), hole, signal),
      ),
    },
    {
      name: 'causal',
      right: await filled(causal, (model, hole, signal) => continued(model, hole.before, hole, signal)),
    },
  ];
  const means = kinds.map(({ right }) => pooled(right));
  const [, trained, plain] = means;
  const best = trained.mean > plain.mean ? kinds[1] : kinds[2];
  const more = pairedDifference(kinds[0].right, best.right);
  const fewer = pairedDifference(best.right, kinds[0].right);
  return {
    verdict: isAbove(more) ? 'shown' : isAbove(fewer) ? 'refuted' : 'not at this scale',
    number: kinds.map(({ name }, k) => `${name} ${percent(means[k])}`).join('; '),
    why: `Of ${holes.length} words that were cut out, so many were written again exactly.`,
    rows: kinds.map(({ name }, k) => ({
      model: name,
      right: means[k].mean,
      standardError: means[k].standardError,
    })),
  };
}

function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Words cut out of held-out text and written again',
    yLabel: 'right, %',
    groups: rows.map(({ model }) => String(model)),
    isShare: true,
    bars: [
      {
        name: 'right',
        kind: ['masked diffusion', 'causal', 'causal'],
        values: meansIn(rows, 'right'),
      },
    ],
  });
}

async function infilled(
  model: Model,
  { before, word, after }: WordHole,
  signal: AbortSignal,
): Promise<string> {
  const parts = [before, { length: word.length }, after];
  const { holes } = await model.infill({ parts, temperature: 0, tokensPerStep: 1, signal });
  return holes[0].text;
}

async function continued(
  model: Model,
  prompt: string,
  { word }: WordHole,
  signal: AbortSignal,
): Promise<string> {
  const { text } = await model.generate({
    prompt,
    length: word.length,
    temperature: 0,
    endless: true,
    signal,
  });
  return text.slice(prompt.length);
}

/** A causal model of rearranged text: before, after, middle. Holes are of 1 to 12 characters, anywhere. */
async function fimRun(lab: Lab, seed: number): Promise<TrainingRun> {
  const learningRate = await tunedRate(lab, 'autoregressive');
  const { learned } = await lab.corpus();
  const uniform = uniforms(0, 'synthetic', 2);
  const texts = Array.from({ length: Math.floor(learned.length / width) }, (_, k) => {
    const text = learned.slice(k * width, (k + 1) * width);
    const length = 1 + integerBelow(12, uniform(2 * k));
    const start = integerBelow(width - length + 1, uniform(2 * k + 1));
    const [before, after] = [text.slice(0, start), text.slice(start + length)];
    return prefixFirst({ before, after }, marks) + text.slice(start, start + length);
  });
  return lab.train(`fill-in-the-middle-${lab.budget.updates}-rate-${learningRate}-seed-${seed}`, {
    texts,
    tokenizer: 'characters',
    length: width + 4,
    batch: lab.budget.batch,
    ...networkOf(lab.budget),
    objective: 'autoregressive',
    validationShare: 0.01,
    ...rateSchedule(lab.budget.updates, learningRate),
    seed,
  });
}
