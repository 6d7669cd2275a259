// Makes puzzles to learn from, as prompts and answers: those of "Beyond autoregression: discrete diffusion for complex reasoning
// and planning" (Ye et al. 2025, arXiv:2410.14157), by generators of ours.
//
//     node dist/recipes/make-puzzles.js paths 50000 runs/paths.jsonl
//     node dist/recipes/make-puzzles.js countdown-3 1000 runs/countdown-test.jsonl --held --seed 1

import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { puzzles } from '../src/evaluation/planning/puzzle.ts';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '0' }, held: { type: 'boolean', default: false } },
});
const [name, count, path] = positionals;
const kind = puzzleKinds[name as keyof typeof puzzleKinds];
if (kind === undefined || path === undefined || !(Number(count) >= 1))
  throw new Error(
    `usage: make-puzzles ${Object.keys(puzzleKinds).join('|')} COUNT FILE.jsonl [--seed n] [--held]`,
  );
const file = createWriteStream(path);
for (const puzzle of puzzles(kind, { count: Number(count), seed: Number(values.seed), held: values.held }))
  if (!file.write(`${JSON.stringify(puzzle)}\n`)) await once(file, 'drain');
file.end();
await once(file, 'finish');
