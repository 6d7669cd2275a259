// The causal twin of models/typescript, to be compared with it: the same network, tokenizer and sources, but a causal model that fills
// holes from a text rearranged to after, before, middle (FIM). It begins with the weights of models/typescript, which has to unlearn
// what it saw behind a token, and reads 2.5 million tokens more. It doesn't ship. Half an hour on one core; a run that was stopped
// goes on where it was.
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

const common = `train --data runs/typescript-fim.jsonl --validation-share 0.01 --objective autoregressive --layers 4 --width 256 --heads 4 --hidden 688 --length ${length} --batch 16 --random-length-share 0 --ema 0.99`;
inTurn(
  [
    `${common} --out runs/typescript-fim-constant --from models/typescript --steps 800 --learning-rate 1e-3 --warmup 30 --schedule constant --seed 1`,
    `${common} --out runs/typescript-fim --from runs/typescript-fim-constant --steps 200 --learning-rate 1e-3 --minimum-rate 5e-5 --warmup 10 --decay-share 0.95 --seed 2`,
  ],
  process.argv.slice(2),
);
