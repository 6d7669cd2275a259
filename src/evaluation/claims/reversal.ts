import { barChart } from '../charts/bar-chart.ts';
import type { Mean } from '../mean.ts';
import { type AskedPairs, askPairs } from './ask-pairs.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { percent, pooled } from './exact.ts';
import type { Lab } from './lab.ts';
import { madeUpPairs, pairSentence } from './pairs.ts';
import { networkOf, rateSchedule, type TextObjective, tunedRate, usualOf } from './text-runs.ts';

/** (a) Asked the other way round. */
export const reversal: Claim = {
  letter: 'a',
  title: 'The reversal curse',
  sentence:
    'A model that looks both ways can be asked backwards what it learned forwards; a causal one cannot.',
  how: 'Made-up names and descriptions, always written “name is description”, are learned by heart by the same network both ways, with as many updates. Then each part is asked for, given the other; exact answers of the likeliest tokens.',
  rule: 'Both must know at least 90 % forwards, else it is not at this scale. Shown if backwards diffusion knows at least 80 % and the causal model at most 20 %; refuted if diffusion knows at most 10 points more than it backwards; else not at this scale.',
  wouldChange:
    'A causal model that also learned the facts in the other order, or backwards text, is not cursed. LLaDA-8B, asked for poems backwards, knows 46 %, GPT-4o 34 % (of 83 % forwards).',
  usesText: false,
  basis: ({ questions, seeds }) => `${questions} made-up facts, ${seeds} seeds`,
  source: { name: 'LLaDA, Nie et al., 2025', url: 'https://arxiv.org/abs/2502.09992' },
  measure,
  draw,
};

const objectives = ['autoregressive', 'masked-diffusion'] as const;
const names = { autoregressive: 'causal', 'masked-diffusion': 'masked diffusion' } as const;

async function measure(lab: Lab): Promise<Finding> {
  const known = await Promise.all(objectives.map((objective) => knownBy(lab, objective)));
  const [causal, diffusion] = known;
  const knows = known.every(({ forward }) => forward.mean >= 0.9);
  const isShown = diffusion.backward.mean >= 0.8 && causal.backward.mean <= 0.2;
  const isRefuted = diffusion.backward.mean <= causal.backward.mean + 0.1;
  return {
    verdict: knows && isShown ? 'shown' : knows && isRefuted ? 'refuted' : 'not at this scale',
    number: `backwards: masked diffusion ${percent(diffusion.backward)}, causal ${percent(causal.backward)}`,
    why: `Forwards, as it was learned, masked diffusion knows ${percent(diffusion.forward)} and the causal model ${percent(causal.forward)}; chance is ${(100 / lab.budget.questions).toFixed(0)} %.`,
    rows: objectives.flatMap((objective, k) =>
      (['forward', 'backward'] as const).map((direction) => ({
        model: names[objective],
        direction,
        known: known[k][direction].mean,
        standardError: known[k][direction].standardError,
      })),
    ),
  };
}

/** Bars of both kinds, forwards and backwards. */
function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Facts known forwards and backwards',
    yLabel: 'exact answers, %',
    groups: ['forwards', 'backwards'],
    isShare: true,
    bars: Object.values(names).map((name) => ({
      name,
      kind: name,
      values: meansIn(rows, 'known', { model: name }),
    })),
  });
}

async function knownBy(
  lab: Lab,
  objective: TextObjective,
): Promise<{ readonly forward: Mean; readonly backward: Mean }> {
  const pairs = madeUpPairs(lab.budget.questions);
  const updates = 3 * lab.budget.updates;
  const learningRate = await tunedRate(lab, objective);
  const texts = pairs.map(pairSentence);
  const asked: AskedPairs[] = await Promise.all(
    lab.seeds.map(async (seed) => {
      const run = await lab.train(`pairs-${objective}-seed-${seed}`, {
        texts,
        tokenizer: 'characters',
        // with the end behind it: what fills up windows would be missed where the pair is asked for
        length: 1 + Math.max(...texts.map((text) => text.length)),
        batch: 2 * lab.budget.batch,
        ...networkOf(lab.budget),
        ...usualOf(objective),
        validationShare: 0,
        weightDecay: 0,
        ...rateSchedule(updates, learningRate),
        seed,
      });
      return lab.measuredOf(run, 'pairs', (model, signal) => askPairs(model, pairs, signal));
    }),
  );
  const share = (of: keyof AskedPairs): Mean => pooled(asked.map((each) => each[of].map(Number)));
  return { forward: share('forward'), backward: share('backward') };
}
