// Makes tasks/countdown-3.jsonl.gz and tasks/sudoku-4.jsonl.gz of published test sets, as prompts and answers: that of Countdown
// with three numbers of Ye et al. (arXiv:2410.14157), and one of Sudoku of 4 × 4 cells. Every answer is checked.
//
//     node dist/recipes/prepare-puzzle-tests.js cd3_test.jsonl.gz 4x4_test_sudoku.csv

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import type { Puzzle } from '../src/evaluation/planning/puzzle.ts';
import { root } from './recipe.ts';

const [countdown, sudoku] = process.argv.slice(2);
if (sudoku === undefined) throw new Error('usage: prepare-puzzle-tests COUNTDOWN.jsonl.gz SUDOKU.csv');

const linesOf = (path: string): string[] => {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').filter((line) => line.trim() !== '');
};

function write(name: 'countdown-3' | 'sudoku-4', puzzles: readonly Puzzle[]): void {
  const wrong = puzzles.find(({ prompt, answer }) => !puzzleKinds[name].isSolved(prompt, answer));
  if (wrong) throw new Error(`${name}: ${wrong.answer} is no answer to ${wrong.prompt}`);
  const rows = puzzles.map((puzzle) => `${JSON.stringify(puzzle)}\n`);
  writeFileSync(join(root, `tasks/${name}.jsonl.gz`), gzipSync(rows.join(''), { level: 9 }));
  process.stderr.write(`${name}: ${puzzles.length} puzzles\n`);
}

write(
  'countdown-3',
  linesOf(countdown).map((line) => {
    const { input, output } = JSON.parse(line) as { input: string; output: string };
    return { prompt: input, answer: output };
  }),
);
write(
  'sudoku-4',
  linesOf(sudoku)
    .slice(1)
    .map((line) => {
      const [prompt, answer] = line.trim().split(',');
      return { prompt, answer };
    }),
);
