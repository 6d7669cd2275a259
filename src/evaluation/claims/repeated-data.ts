import { grouped } from '../../base/format-count.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import type { TrainRequest } from '../../library/train.ts';
import type { ValidationRow } from '../../training/run/events.ts';
import { lineChart, pointsOf } from '../charts/line-chart.ts';
import { plainMean } from '../mean.ts';
import { modelKinds } from '../../base/model-kinds.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn, numbersIn } from './rows.ts';
import { windowLength } from './corpus.ts';
import { differenceOf, isAbove, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { networkOf, rateSchedule, tunedRate, usualOf } from './text-runs.ts';

/** (j) The same text again and again. */
export const repeatedData: Claim = {
  letter: 'j',
  title: 'Repeated data',
  sentence: 'Repeating a little text many times hurts a causal model, and not diffusion.',
  how: 'The same small network learns a few thousand characters, again and again, causally, causally with ten times the weight decay, and by masked diffusion; held-out text is scored on the way. What counts is how far it costs more at the end than it did at its best.',
  rule: 'If the causal model does not turn round by 0.05 nats a token and two standard errors, it is not at this scale. Shown if diffusion turns round by less than 0.05, or less than a quarter of that; refuted if by half of it or more; else not at this scale.',
  wouldChange:
    'Dropout, masked inputs and more decay help the causal model (arXiv:2510.04071); a larger network turns sooner. At its best the causal model may still be the better of the two: see the plot.',
  usesText: true,
  basis: ({ repeated, seeds }) => `${grouped(repeated)} characters read again and again, ${seeds} seeds`,
  source: { name: 'Prabhudesai et al., 2025', url: 'https://arxiv.org/abs/2507.15857' },
  measure,
  draw,
};

const kinds = [
  { name: 'causal', objective: 'autoregressive', options: {} },
  { name: 'causal, decay × 10', objective: 'autoregressive', options: { weightDecay: 1 } },
  { name: 'masked diffusion', objective: 'masked-diffusion', options: { validationDraws: 8 } },
] as const satisfies readonly {
  name: string;
  objective: NonNullable<TrainRequest['objective']>;
  options: TrainRequest;
}[];

async function measure(lab: Lab): Promise<Finding> {
  const curves = await Promise.all(
    kinds.map(async (kind) =>
      (await Promise.all(lab.seeds.map((seed) => repeatedRun(lab, kind, seed)))).map(validationsOf),
    ),
  );
  const turns = curves.map((runs) => plainMean(runs.map(turnOf)));
  const best = curves.map((runs) => plainMean(runs.map((run) => Math.min(...run.map(natsOf)))));
  const [causal, , diffusion] = turns;
  // at each validation: how often the text had been read, and what held-out text cost
  const epochs = curves.map(([run]) => run.map(({ step }) => (step / lab.budget.updates) * epochsOf(lab)));
  const levels = curves.map((runs) => runs[0].map((_, i) => plainMean(runs.map((run) => natsOf(run[i])))));
  const turnsRound = isAbove(causal) && causal.mean > 0.05;
  const holds = diffusion.mean < Math.max(0.05, causal.mean / 4);
  const also = diffusion.mean >= causal.mean / 2;
  return {
    verdict: !turnsRound ? 'not at this scale' : holds ? 'shown' : also ? 'refuted' : 'not at this scale',
    number: `at the end text costs more than at the best by ${kinds.map(({ name }, k) => `${spread(turns[k], 2)} (${name})`).join(', ')}`,
    why: `${epochsOf(lab).toFixed(0)} times over ${lab.budget.repeated.toLocaleString('en')} characters. At their best they cost ${kinds.map(({ name }, k) => `${best[k].mean.toFixed(2)} (${name})`).join(', ')} nats a token; diffusion's are bounds. Diffusion's turn is ${spread(differenceOf(diffusion, causal), 2)} from the causal model's.`,
    rows: kinds.flatMap(({ name }, k) =>
      levels[k].map(({ mean, standardError }, i) => ({
        model: name,
        epochs: epochs[k][i],
        natsPerToken: mean,
        standardError,
      })),
    ),
  };
}

function draw(rows: Finding['rows']): string {
  return lineChart({
    title: 'Cost of held-out text while a little text is repeated',
    xLabel: 'times that the text was read',
    yLabel: 'nats a token, lower is better',
    series: kinds.map(({ name, objective }) => ({
      name,
      kind: modelKinds[objective],
      points: pointsOf(
        numbersIn(rows, 'epochs', { model: name }),
        meansIn(rows, 'natsPerToken', { model: name }),
      ),
    })),
  });
}

const natsOf = ({ natsPerToken }: ValidationRow): number => natsPerToken;

/** How much more the last costs than the best. */
const turnOf = (rows: readonly ValidationRow[]): number =>
  rows.at(-1)!.natsPerToken - Math.min(...rows.map(natsOf));

const epochsOf = ({ budget }: Lab): number =>
  (budget.updates * budget.batch * windowLength) / budget.repeated;

const validationsOf = (run: TrainingRun): ValidationRow[] => {
  const rows = run.metrics().filter((row): row is ValidationRow => row.kind === 'validation');
  return rows.filter(({ step }, i) => rows.findLastIndex((row) => row.step === step) === i);
};

async function repeatedRun(
  lab: Lab,
  { name, objective, options }: (typeof kinds)[number],
  seed: number,
): Promise<TrainingRun> {
  const { repeated, updates } = lab.budget;
  const learningRate = await tunedRate(lab, objective);
  const { learned } = await lab.corpus();
  // the end of the same text is held out, and is as long almost
  const held = Math.floor(0.9 * repeated);
  const { minimumRate: _none, ...schedule } = rateSchedule(updates, learningRate);
  return lab.train(`repeated-${name.replaceAll(/\W+/g, '-')}-${repeated}-rate-${learningRate}-seed-${seed}`, {
    texts: [learned.slice(0, repeated + held)],
    tokenizer: 'characters',
    packing: 'stream',
    length: windowLength,
    batch: lab.budget.batch,
    ...networkOf(lab.budget),
    ...usualOf(objective),
    validationShare: held / (repeated + held),
    ...schedule,
    schedule: 'constant',
    validationEvery: Math.round(updates / 16),
    ...options,
    seed,
  });
}
