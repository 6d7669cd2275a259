// The causal twin of models/typescript: the same network, tokenizer and sources, but a causal model that fills holes from a text
// rearranged to before, after, middle (FIM). It is there to be compared, and doesn't ship. 18 million tokens in two hours on one
// core. A run that was stopped goes on where it was.
//
//     npm run recipe:typescript-fim -- --threads 1       trains runs/typescript-fim
//     npm run bench:code-holes -- --fim runs/typescript-fim

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { fimRows } from './fim-rows.ts';
import { inTurn, root } from './recipe.ts';
import { typescriptSources } from './typescript-sources.ts';

/** How often the sources are read, each time with other windows and holes. */
const passes = 7;
const length = 160;

const rowsPath = join(root, 'runs/typescript-fim.jsonl');
if (!existsSync(rowsPath)) {
  const tokenizer = await loadTokenizer(join(root, 'models/typescript'));
  const { learned } = typescriptSources();
  const rows = Array.from({ length: passes }, (_, seed) => [
    ...fimRows(learned, tokenizer, { length, seed }),
  ]).flat();
  mkdirSync(join(root, 'runs'), { recursive: true });
  writeFileSync(rowsPath, rows.map((text) => `${JSON.stringify({ text })}\n`).join(''));
}

const common = `train --data runs/typescript-fim.jsonl --validation-share 0.01 --objective autoregressive --layers 4 --width 256 --heads 4 --hidden 688 --length ${length} --batch 16 --random-length-share 0 --ema 0.998`;
inTurn(
  [
    `${common} --out runs/typescript-fim-constant --tokenizer models/typescript --steps 6000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
    `${common} --out runs/typescript-fim --from runs/typescript-fim-constant --steps 1000 --learning-rate 2e-3 --minimum-rate 1e-4 --warmup 20 --decay-share 1 --seed 2`,
  ],
  process.argv.slice(2),
);
