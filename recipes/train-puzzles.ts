// The recipe of models of puzzles, for models/puzzles: of each kind a diffusion model, and its causal twin: the same network and
// puzzles. Puzzles are made by generators of ours with the distributions of Ye et al. 2025 (arXiv:2410.14157). A run that was
// stopped goes on where it was. sudoku-4 and paths ship; Countdown does not: experiments/LOG.md.
//
//     npm run recipe:puzzles                            those that ship: writes models/puzzles
//     npm run recipe:puzzles -- paths                   one kind
//     npm run recipe:puzzles -- sudoku-4 --threads 1    with options of unmask train, over those of every run

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import { type Puzzle, puzzles } from '../src/evaluation/planning/puzzle.ts';
import { inTurn, publish, root } from './recipe.ts';

const common =
  'train --learn answers --batch 32 --warmup 50 --weight-decay 0.01 --validation-share 0.02 --validation-windows 32 --validation-every 1000 --sample-every 1000 --checkpoint-every 500 --dtype F16';

/** Times: an answer is begun with all of it masked, which a narrower bell hardly shows. */
const bell = '--times bell --bell-mean 0.6 --bell-width 0.3 --validation-draws 2';

/** What a kind of puzzles is learned from, and by which runs. */
interface Recipe {
  readonly count: number;
  /** Tokens of an answer at most, with its end. */
  readonly length: number;
  /** The rows of a puzzle that are learned. Default: the puzzle. */
  readonly rows?: (puzzle: Puzzle, index: number) => Puzzle;
  /** Of `unmask train`, and the folder in runs/puzzles that each makes; one that a folder of models/puzzles is named after ships. */
  readonly runs: Readonly<Record<string, string>>;
}

/** A diffusion model and its causal twin, from nothing. */
function twins(name: string, network: string): Recipe['runs'] {
  const run = `${network} --tokenizer characters --heads 4 --learning-rate 3e-3 --schedule cosine`;
  return {
    [name]: `${run} ${bell} --seed 1`,
    [`${name}-causal`]: `${run} --objective autoregressive --seed 2`,
  };
}

/** A rate that stays until a run's last part. */
const constant = '--learning-rate 2e-3 --schedule wsd';
const inBlocks = `${constant} --objective block-diffusion --block 22 ${bell}`;
const edges = '--length 66';
/** Countdown: both go on from the causal model that has learned to calculate. */
const calculating =
  '--length 36 --from runs/puzzles/countdown-3-start --ema 0.99 --steps 5000 --decay-share 0.25';

const kinds: Readonly<Record<string, Recipe>> = {
  'sudoku-4': {
    count: 20_000,
    length: 17,
    runs: twins('sudoku-4', '--length 36 --layers 3 --width 64 --hidden 172 --steps 12000'),
  },
  // a causal model learns to look edges up, which masked diffusion doesn't in this time; its blocks then grow to a whole answer
  paths: {
    count: 100_000,
    length: 20,
    rows: backwardsInTurn,
    runs: {
      'paths-causal': `${edges} ${constant} --tokenizer bpe --vocabulary-size 280 --heads 4 --layers 3 --width 64 --hidden 172 --objective autoregressive --steps 6500 --decay-share 0.08 --seed 2`,
      'paths-growing': `${edges} ${inBlocks} --from runs/puzzles/paths-causal --block-warmup 2000 --steps 7000 --decay-share 0.2 --seed 1`,
      paths: `${edges} ${inBlocks} --from runs/puzzles/paths-growing --ema 0.99 --steps 9000 --decay-share 0.25 --seed 3`,
    },
  },
  'countdown-3': {
    count: 160_000,
    length: 21,
    runs: {
      'countdown-3-start':
        '--length 36 --tokenizer characters --heads 4 --layers 3 --width 64 --hidden 172 --objective autoregressive --learning-rate 3e-3 --schedule constant --steps 7800 --seed 2',
      'countdown-3-causal': `${calculating} ${constant} --objective autoregressive --seed 2`,
      'countdown-3': `${calculating} ${inBlocks} --block-warmup 2000 --seed 1`,
    },
  },
};
const shipped = ['sudoku-4', 'paths'];

/**
 * Every second question asks for the way from its end, by another sign between edges and ends: so that edges are looked up in both
 * directions. From answers from the start alone a model of this size doesn't learn to look from the goal.
 */
function backwardsInTurn({ prompt, answer }: Puzzle, index: number): Puzzle {
  if (index % 2 === 0) return { prompt, answer };
  return { prompt: prompt.replace('-', '='), answer: answer.split('/').toReversed().join('/') };
}

const given = process.argv.slice(2);
const isNamed = given.length > 0 && !given[0].startsWith('--');
const wanted = isNamed ? given.slice(0, 1) : shipped;
if (!wanted.every((name) => name in kinds))
  throw new Error(`no puzzles are named ${given[0]}: ${Object.keys(kinds).join(', ')}`);
const more = isNamed ? given.slice(1) : given;

mkdirSync(join(root, 'runs/puzzles'), { recursive: true });
for (const name of wanted) {
  const { count, length, rows = (puzzle: Puzzle) => puzzle, runs } = kinds[name];
  const data = `runs/puzzles/${name}.jsonl`;
  const kind = puzzleKinds[name as keyof typeof puzzleKinds];
  const made = Array.from(
    puzzles(kind, { count, seed: 0 }),
    (puzzle, k) => `${JSON.stringify(rows(puzzle, k))}\n`,
  );
  writeFileSync(join(root, data), made.join(''));
  for (const [out, run] of Object.entries(runs)) {
    inTurn([`${common} --data ${data} ${run} --out runs/puzzles/${out}`], more);
    if (out === name || out === `${name}-causal`) publish(`puzzles/${out}`, { length });
  }
}
