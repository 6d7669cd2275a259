// The recipe of models of puzzles, for models/puzzles: of each kind a masked diffusion model, and its causal twin: the same
// network, puzzles, updates and learning rate. Puzzles are made by generators of ours with the distributions of Ye et al. 2025
// (arXiv:2410.14157), a token for each character. A run that was stopped goes on where it was. Of these sudoku-4 ships; updates for
// minutes are too few for paths, and Countdown is not tried: experiments/LOG.md.
//
//     npm run recipe:puzzles                            the one that ships, sudoku-4: writes models/puzzles
//     npm run recipe:puzzles -- paths                   another kind, which writes models/puzzles/paths
//     npm run recipe:puzzles -- sudoku-4 --threads 1    with options of unmask train, over those of every run

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import { puzzles } from '../src/evaluation/planning/puzzle.ts';
import { inTurn, publish, root } from './recipe.ts';

const common =
  'train --learn answers --tokenizer characters --heads 4 --batch 32 --learning-rate 3e-3 --warmup 50 --schedule cosine --weight-decay 0.01 --validation-share 0.02 --validation-windows 32 --validation-every 1000 --sample-every 1000 --checkpoint-every 500 --dtype F16';

/** Each with what tells it from the other. Times: an answer is begun with all of it masked, which a narrower bell hardly shows. */
const objectives = {
  '': '--times bell --bell-mean 0.6 --bell-width 0.3 --validation-draws 2 --seed 1',
  '-causal': '--objective autoregressive --seed 2',
};

/** How many puzzles, on which network and for how long; and how long an answer is at most, with its end. */
const kinds = {
  'sudoku-4': {
    count: 20_000,
    run: '--length 36 --layers 3 --width 64 --hidden 172 --steps 12000',
    length: 17,
  },
  paths: {
    count: 100_000,
    run: '--length 72 --layers 3 --width 96 --hidden 256 --steps 4000',
    length: 23,
  },
  'countdown-3': {
    count: 100_000,
    run: '--length 40 --layers 4 --width 128 --hidden 344 --steps 5000',
    length: 24,
  },
} as const;

const given = process.argv.slice(2);
const isNamed = given.length > 0 && !given[0].startsWith('--');
const wanted = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((name) =>
  isNamed ? given[0] === name : name === 'sudoku-4',
);
if (wanted.length === 0)
  throw new Error(`no puzzles are named ${given[0]}: ${Object.keys(kinds).join(', ')}`);
const more = given[0]?.startsWith('--') ? given : given.slice(1);

mkdirSync(join(root, 'runs/puzzles'), { recursive: true });
for (const name of wanted) {
  const { count, run, length } = kinds[name];
  const data = `runs/puzzles/${name}.jsonl`;
  const rows = Array.from(
    puzzles(puzzleKinds[name], { count, seed: 0 }),
    (puzzle) => `${JSON.stringify(puzzle)}\n`,
  );
  writeFileSync(join(root, data), rows.join(''));
  for (const [suffix, objective] of Object.entries(objectives)) {
    inTurn([`${common} --data ${data} ${run} ${objective} --out runs/puzzles/${name}${suffix}`], more);
    publish(`puzzles/${name}${suffix}`, { length });
  }
}
