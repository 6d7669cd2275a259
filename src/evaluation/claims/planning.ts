import type { Model } from '../../language-model/language-model.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import { barChart } from '../charts/bar-chart.ts';
import { puzzleKinds } from '../planning/kinds.ts';
import { type Puzzle, puzzles } from '../planning/puzzle.ts';
import type { Budget } from './budget.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn } from './rows.ts';
import { isAbove, pairedDifference, percent, pooled } from './exact.ts';
import type { Lab } from './lab.ts';
import { networkOf, rateSchedule, type TextObjective, tunedRate, usualOf } from './text-runs.ts';

/** (m) Puzzles that need looking ahead. */
export const planning: Claim = {
  letter: 'm',
  title: 'Planning',
  sentence:
    'Where an answer needs looking ahead, diffusion solves more than a causal model of the same size.',
  how: 'Sudoku with one solution (4 × 4 cells in the small budgets, 9 × 9 at night), by the distributions of Ye et al. (arXiv:2410.14157): the same network learns questions and answers both ways, with as many updates, and is asked puzzles that it has not learned. An answer counts if it obeys the rules. Diffusion writes the surest cell first, one, two or four a forward.',
  rule: 'Shown if diffusion solves more, puzzle by puzzle, by more than two standard errors, and at least half; refuted if the causal model solves more by as much; else not at this scale. This rule was written after a trial with one seed and 1,200 updates, in which diffusion solved 34 of 60 grids of 4 × 4 and the causal model 56.',
  wouldChange:
    'The puzzle and the updates: small grids are learned by heart by both, and diffusion learns later. On ways through edges that another way crosses models/puzzles/paths finds 95 % after 22,500 updates, its causal twin 65 %, which is a guess at the crossing (npm run bench:puzzles). With 6M parameters and hundreds of epochs its authors report diffusion far ahead on 9 × 9 grids, Countdown and path finding.',
  usesText: false,
  basis: ({ questions, seeds }) => `${questions} puzzles, ${seeds} seeds`,
  source: { name: 'Ye et al., 2024', url: 'https://arxiv.org/abs/2410.14157' },
  measure,
  draw,
};

const perForward = [1, 2, 4] as const;

async function measure(lab: Lab): Promise<Finding> {
  const kind = puzzleKinds[lab.budget.sudoku];
  const held = [...puzzles(kind, { count: lab.budget.questions, seed: 1, held: true })];
  const [diffusion, causal] = await Promise.all(
    (['masked-diffusion', 'autoregressive'] as const).map((objective) =>
      Promise.all(lab.seeds.map((seed) => puzzleRun(lab, objective, seed))),
    ),
  );
  const solvedBy = (runs: readonly TrainingRun[], tokens: number): Promise<number[][]> =>
    Promise.all(runs.map((run) => solved(lab, run, held, tokens)));
  const ours = await Promise.all(perForward.map((tokens) => solvedBy(diffusion, tokens)));
  const theirs = await solvedBy(causal, 1);
  const [means, causalMean] = [ours.map(pooled), pooled(theirs)];
  const more = pairedDifference(ours[0], theirs);
  const fewer = pairedDifference(theirs, ours[0]);
  const isShown = isAbove(more) && means[0].mean >= 0.5;
  return {
    verdict: isShown ? 'shown' : isAbove(fewer) ? 'refuted' : 'not at this scale',
    number: `solved: diffusion ${percent(means[0])}, causal ${percent(causalMean)}`,
    why: `With two cells a forward diffusion solves ${percent(means[1])}, with four ${percent(means[2])}. ${kind.summary}, ${updatesOf(lab).toLocaleString('en')} updates.`,
    rows: [
      ...perForward.map((tokensPerForward, k) => ({
        model: 'masked diffusion',
        tokensPerForward,
        solved: means[k].mean,
        standardError: means[k].standardError,
      })),
      {
        model: 'causal',
        tokensPerForward: 1,
        solved: causalMean.mean,
        standardError: causalMean.standardError,
      },
    ],
  };
}

function draw(rows: Finding['rows'], { sudoku }: Budget): string {
  return barChart({
    title: puzzleKinds[sudoku].summary,
    yLabel: 'solved, %',
    groups: rows.map(({ model, tokensPerForward }) =>
      model === 'causal' ? model : `diffusion, ${tokensPerForward} a forward`,
    ),
    isShare: true,
    bars: [
      {
        name: 'solved',
        kind: rows.map(({ model }) => (model === 'causal' ? model : 'masked diffusion')),
        values: meansIn(rows, 'solved'),
      },
    ],
  });
}

/** 1 for each puzzle that is solved, 0 for each that isn't. */
function solved(lab: Lab, run: TrainingRun, held: readonly Puzzle[], tokens: number): Promise<number[]> {
  return lab.measuredOf(run, `solved-${tokens}`, (model, signal) =>
    Promise.all(
      held.map(async (puzzle) => {
        const said = await answered(model, puzzle, run.options.objective, tokens, signal);
        return Number(puzzleKinds[lab.budget.sudoku].isSolved(puzzle.prompt, said));
      }),
    ),
  );
}

async function answered(
  model: Model,
  { prompt, answer }: Puzzle,
  objective: TextObjective,
  tokensPerForward: number,
  signal: AbortSignal,
): Promise<string> {
  const length = answer.length;
  const { text } = await model.generate({
    messages: [{ role: 'user', content: prompt }],
    length,
    temperature: 0,
    ...(objective !== 'autoregressive' && {
      strategy: 'low-confidence',
      blockLength: length,
      steps: Math.ceil(length / tokensPerForward),
    }),
    signal,
  });
  return text.trim();
}

const updatesOf = ({ budget }: Lab): number => 3 * budget.updates;

async function puzzleRun(lab: Lab, objective: TextObjective, seed: number): Promise<TrainingRun> {
  const kind = puzzleKinds[lab.budget.sudoku];
  const updates = updatesOf(lab);
  const learningRate = await tunedRate(lab, objective);
  const data = await lab.rowsFile(lab.budget.sudoku, () =>
    puzzles(kind, { count: lab.budget.puzzles, seed: 0 }),
  );
  const { prompt, answer } = puzzles(kind, { count: 1, seed: 0 }).next().value!;
  return lab.train(`${lab.budget.sudoku}-${objective}-rate-${learningRate}-seed-${seed}`, {
    data: [data],
    learn: 'answers',
    tokenizer: 'characters',
    // around each question and answer there are five tokens of the conversation and one of the end
    length: prompt.length + answer.length + 6,
    batch: 2 * lab.budget.batch,
    ...networkOf(lab.budget),
    ...usualOf(objective),
    validationShare: 0.01,
    ...rateSchedule(updates, learningRate),
    seed,
  });
}
