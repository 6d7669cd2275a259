// The recipe of a model of Chinese poems of four lines, with a token for each character: a causal model, then a mask predictor
// from it, which goes on with a poem forwards, backwards, or from its middle. A run that was stopped goes on.
//
//     npm run recipe:couplets -- POEMS               .jsonl of poems in a field `text`, .txt, or a directory of them
//     npm run recipe:couplets -- POEMS --threads 1   with options of unmask train, over those of every run

import { join } from 'node:path';
import { load } from '../src/unmask.ts';
import { inTurn, root } from './recipe.ts';

const [poems, ...more] = process.argv.slice(2);
if (poems === undefined) throw new Error('usage: npm run recipe:couplets -- POEMS');

const common = `train --data ${poems} --validation-share 0.01 --length 32 --batch 64 --random-length-share 0`;
inTurn(
  [
    `${common} --out runs/couplets-causal --objective autoregressive --tokenizer characters --layers 6 --width 256 --heads 4 --hidden 688 --steps 4000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
    `${common} --out runs/couplets --from runs/couplets-causal --steps 6000 --learning-rate 1.5e-3 --warmup 100 --ema 0.998 --seed 2 --dtype F16`,
  ],
  more,
);

const model = await load(join(root, 'runs/couplets'));
const line = '春眠不覺曉';
const line5 = { length: 5 };
for (const parts of [
  [`${line}，`, line5, '。', line5, '，', line5, '。'],
  [line5, '，', line5, '。', line5, `，${line}。`],
]) {
  const { text } = await model.infill({ parts, temperature: 0.5, seed: 1 });
  console.log(text);
}
await model.close();
