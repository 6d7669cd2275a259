// The causal twin of models/typescript, to be compared with it: the same network, tokenizer and sources, but a causal model that
// fills holes from a text rearranged to after, before, middle (FIM). It begins with the weights of models/typescript, and reads 1.9
// million tokens more. It doesn't ship; what was measured was trained in more steps, which experiments/LOG.md has. Half an hour on
// one core; a run that was stopped goes on where it was.
//
//     npm run recipe:typescript-fim -- --threads 1
//     npm run bench:code-holes -- --fim runs/typescript-fim

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { fimRows } from './fim-rows.ts';
import { inTurn, root } from './recipe.ts';
import { typescriptSources } from './typescript-sources.ts';

const length = 160;

const rowsPath = join(root, 'runs/typescript-fim.jsonl');
if (!existsSync(rowsPath)) {
  const tokenizer = await loadTokenizer(join(root, 'models/typescript'));
  const rows = [...fimRows(typescriptSources().learned, tokenizer, { length })];
  mkdirSync(join(root, 'runs'), { recursive: true });
  writeFileSync(rowsPath, rows.map((text) => `${JSON.stringify({ text })}\n`).join(''));
}

inTurn(
  [
    `train --data runs/typescript-fim.jsonl --validation-share 0.01 --out runs/typescript-fim --from models/typescript --objective autoregressive --layers 4 --width 256 --heads 4 --hidden 688 --length ${length} --random-length-share 0 --batch 8 --steps 1500 --learning-rate 1e-3 --minimum-rate 5e-5 --warmup 30 --decay-share 0.4 --ema 0.99 --seed 1`,
  ],
  process.argv.slice(2),
);
