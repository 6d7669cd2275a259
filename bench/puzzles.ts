// Puzzles with one right answer: masked diffusion models and their causal twins (models/puzzles) are asked those of the published
// test sets that ship in tasks/, and new ones of minimal planning. Solved by the rules, any right answer; and how many tokens a
// forward wrote. Ye et al. 2025, arXiv:2410.14157. A minute or two.
//
//     npm run bench:puzzles
//     npm run bench:puzzles -- --count 100 --models runs/puzzles     of each kind; models that were trained anew

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import { planningDistance } from '../src/evaluation/planning/paths.ts';
import { type Puzzle, puzzles } from '../src/evaluation/planning/puzzle.ts';
import { solvePuzzles } from '../src/evaluation/planning/solve.ts';
import { load } from '../src/language-model/load.ts';
import type { SamplingRequest } from '../src/sampling/options.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    models: { type: 'string', default: 'models/puzzles' },
  },
});
const count = Number(values.count);

/** The puzzles of tasks/, or new ones of a kind that has none there. */
function asked(name: keyof typeof puzzleKinds): Puzzle[] {
  const path = join(root, `tasks/${name}.jsonl.gz`);
  if (!existsSync(path)) return [...puzzles(puzzleKinds[name], { count, seed: 1, held: true })];
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
  return lines.slice(0, count).map((line) => JSON.parse(line) as Puzzle);
}

const one: Readonly<Record<string, SamplingRequest>> = { 'one token a forward': {} };
const ways: Readonly<Record<string, SamplingRequest>> = {
  ...one,
  'all that is 99 % sure': { strategy: 'threshold', tau: 0.99 },
  'all that is 90 % sure': { strategy: 'threshold', tau: 0.9 },
  'all that is 70 % sure': { strategy: 'threshold', tau: 0.7 },
  'all that is 50 % sure': { strategy: 'threshold', tau: 0.5 },
  'from left to right': { strategy: 'left-to-right' },
};

const kinds = ['sudoku-4', 'paths', 'countdown-3'] as const;
if (!kinds.some((name) => existsSync(join(root, values.models, name))))
  throw new Error(`${values.models} has no model of puzzles: npm run recipe:puzzles makes them`);

console.log('| puzzles | model | way | solved | tokens a forward |');
console.log('| --- | --- | --- | --- | --- |');
for (const name of kinds) {
  const list = asked(name);
  for (const [suffix, called] of [
    ['', 'diffusion'],
    ['-causal', 'causal'],
  ]) {
    const path = join(root, values.models, `${name}${suffix}`);
    if (!existsSync(path)) continue;
    const model = await load(path);
    for (const [way, sampling] of Object.entries(suffix === '' ? ways : one)) {
      const { solved, answers, stats } = await solvePuzzles(model, puzzleKinds[name], list, { sampling });
      const share = `${(100 * solved.mean).toFixed(1)} ± ${(100 * solved.standardError).toFixed(1)} %`;
      console.log(
        `| ${name}, ${list.length} | ${called} | ${way} | ${share} | ${stats.tokensPerForward.toFixed(2)} |`,
      );
      if (name === 'paths') console.log(byDistance(answers));
    }
    await model.close();
  }
}

/** The share that is solved, by how far ahead one has to look. */
function byDistance(answers: Awaited<ReturnType<typeof solvePuzzles>>['answers']): string {
  const cells = [0, 1, 2, 3, 4, 5].map((distance) => {
    const those = answers.filter(({ puzzle }) => planningDistance(puzzle) === distance);
    return `${distance}: ${((100 * those.filter(({ isSolved }) => isSolved).length) / those.length).toFixed(0)}`;
  });
  return `| | | by planning distance, % | ${cells.join(', ')} | |`;
}
