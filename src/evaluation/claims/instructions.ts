import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import { barChart } from '../charts/bar-chart.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { isAbove, pairedDifference, percent, pooled, spread } from './exact.ts';
import type { Lab } from './lab.ts';
import { rateSchedule, type TextObjective, textRuns, tunedRate, usualOf } from './text-runs.ts';

/** (h) Doing what it is told. */
export const instructions: Claim = {
  letter: 'h',
  title: 'Instructions after fine-tuning',
  sentence: 'Fine-tuning on instructions teaches a diffusion model to follow them, as it does a causal one.',
  how: 'The models of the other claims are fine-tuned on made-up instructions (say a word, spell it, write it in capitals, name its first letter), and asked with words that no instruction had; exact answers of the likeliest tokens, whether they have the form that was asked for, and −log p of the right answers before and after (by diffusion written in one step).',
  rule: 'Shown if diffusion answers at least half exactly after fine-tuning, and at most 5 % before; refuted if it does not, but the causal model answers at least half, and more of them by more than two standard errors; else not at this scale.',
  wouldChange:
    'Following instructions of any kind needs scale; here there are four kinds. A larger network and more updates learn to copy letters, which is what is missing first.',
  usesText: false,
  basis: ({ questions, seeds }) => `${questions} questions, ${seeds} seeds`,
  source: { name: 'LLaDA, Nie et al., 2025', url: 'https://arxiv.org/abs/2502.09992' },
  measure,
  draw,
};

interface Question {
  readonly prompt: string;
  readonly answer: string;
  readonly form: RegExp;
}

const kinds: readonly ((word: string) => Question)[] = [
  (word) => ({ prompt: `Say ${word}`, answer: word, form: /^[a-z]{2,}$/ }),
  (word) => ({ prompt: `Spell ${word}`, answer: [...word].join('-'), form: /^[a-z](-[a-z])+$/ }),
  (word) => ({ prompt: `Shout ${word}`, answer: word.toUpperCase(), form: /^[A-Z]{2,}$/ }),
  (word) => ({ prompt: `First of ${word}`, answer: word[0], form: /^[a-z]$/ }),
];

const objectives = ['masked-diffusion', 'autoregressive'] as const;
const names = ['masked diffusion', 'causal'] as const;

interface Asked {
  readonly exact: readonly number[];
  readonly formed: readonly number[];
  readonly nats: readonly number[];
}

async function measure(lab: Lab): Promise<Finding> {
  const { learned, held } = questionsFor(lab);
  const asked = await Promise.all(objectives.map((objective) => askedOf(lab, objective, learned, held)));
  const mean = (runs: readonly Asked[], of: keyof Asked) => pooled(runs.map((run) => run[of]));
  const [diffusion, causal] = asked;
  const more = pairedDifference(
    causal.after.map(({ exact }) => exact),
    diffusion.after.map(({ exact }) => exact),
  );
  const [early, late] = [mean(diffusion.before, 'exact'), mean(diffusion.after, 'exact')];
  const causalDoes = mean(causal.after, 'exact').mean >= 0.5;
  const isShown = late.mean >= 0.5 && early.mean <= 0.05;
  return {
    verdict: isShown ? 'shown' : causalDoes && isAbove(more) ? 'refuted' : 'not at this scale',
    number: `exact answers: diffusion ${percent(early)} before and ${percent(late)} after, causal ${percent(mean(causal.after, 'exact'))} after`,
    why: `After fine-tuning ${percent(mean(diffusion.after, 'formed'))} of diffusion's answers have the form that was asked for (causal ${percent(mean(causal.after, 'formed'))}), and a right answer costs ${spread(mean(diffusion.after, 'nats'), 1)} nats (${spread(mean(diffusion.before, 'nats'), 1)} before).`,
    rows: objectives.flatMap((_, k) =>
      (['before', 'after'] as const).map((when) => ({
        model: names[k],
        when,
        exact: mean(asked[k][when], 'exact').mean,
        standardError: mean(asked[k][when], 'exact').standardError,
        rightForm: mean(asked[k][when], 'formed').mean,
        natsOfAnswers: mean(asked[k][when], 'nats').mean,
      })),
    ),
  };
}

function draw(rows: Finding['rows']): string {
  return barChart({
    title: 'Instructions followed, with words that were not learned',
    yLabel: 'exact answers, %',
    groups: ['before fine-tuning', 'after it'],
    isShare: true,
    bars: names.map((name) => ({ name, kind: name, values: meansIn(rows, 'exact', { model: name }) })),
  });
}

/** What is answered before and after fine-tuning, by each seed's model. */
async function askedOf(
  lab: Lab,
  objective: TextObjective,
  learned: readonly object[],
  held: readonly Question[],
): Promise<{ readonly before: readonly Asked[]; readonly after: readonly Asked[] }> {
  const before = await textRuns(lab, { objective });
  const learningRate = await tunedRate(lab, objective);
  const { objective: _known, ...own } = usualOf(objective);
  const {
    validationEvery,
    randomLengthShare: _none,
    ...schedule
  } = rateSchedule(2 * lab.budget.updates, learningRate);
  const after = await Promise.all(
    before.map((run, seed) =>
      lab.finetune(`instructions-${objective}-seed-${seed}`, run, learned, {
        ...own,
        ...schedule,
        validationEvery,
        validationShare: 0,
        length: 32,
        batch: 2 * lab.budget.batch,
        seed,
      }),
    ),
  );
  const ask = (runs: readonly TrainingRun[]): Promise<Asked[]> =>
    Promise.all(
      runs.map((run) => lab.measuredOf(run, 'instructions', (model, signal) => asking(model, held, signal))),
    );
  return { before: await ask(before), after: await ask(after) };
}

/** Instructions with made-up words: to learn, and with other words to be asked. */
function questionsFor({ budget }: Lab): {
  readonly learned: readonly object[];
  readonly held: readonly Question[];
} {
  const uniform = uniforms(3, 'synthetic');
  const word = (k: number): string =>
    Array.from(
      { length: 2 },
      (_, i) =>
        'bdfgklmnprst'[integerBelow(12, uniform(4 * k + 2 * i))] +
        'aeiou'[integerBelow(5, uniform(4 * k + 2 * i + 1))],
    ).join('');
  const words = [...new Set(Array.from({ length: 1500 }, (_, k) => word(k)))];
  const asked = Math.ceil(budget.questions / kinds.length);
  const questions = (some: readonly string[]): Question[] =>
    some.flatMap((one) => kinds.map((kind) => kind(one)));
  return {
    learned: questions(words.slice(asked)).map(({ prompt, answer }) => ({ prompt, answer })),
    held: questions(words.slice(0, asked)),
  };
}

/** What a model answers, in a conversation if it has learned to have one. */
async function asking(model: Model, questions: readonly Question[], signal: AbortSignal): Promise<Asked> {
  const found = await Promise.all(
    questions.map(async ({ prompt, answer, form }) => {
      const given = model.chatTemplate
        ? { messages: [{ role: 'user' as const, content: prompt }] }
        : { prompt: `${prompt}\n` };
      const { text } = await model.generate({ ...given, length: 12, temperature: 0, signal });
      const said = text.slice(given.prompt?.length ?? 0).trim();
      const [{ logprob }] = await model.choose({ ...given, answers: [answer], signal });
      return { exact: Number(said === answer), formed: Number(form.test(said)), nats: -logprob };
    }),
  );
  return {
    exact: found.map(({ exact }) => exact),
    formed: found.map(({ formed }) => formed),
    nats: found.map(({ nats }) => nats),
  };
}
