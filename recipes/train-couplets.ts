// The recipe of a model of Chinese poems of four lines, with a token for each character: a causal model, then a mask predictor
// from it, which goes on with a poem forwards, backwards, or from its middle. About an hour and a half on one core for 100,000
// poems. A run that was stopped goes on.
//
//     npm run recipe:couplets -- POEMS               .jsonl of poems in a field `text`, .txt, or a directory of them
//     npm run recipe:couplets -- POEMS --threads 1   with options of unmask train, over those of every run

import { join } from 'node:path';
import { load } from '../src/language-model/load.ts';
import { inTurn, root } from './recipe.ts';

const [poems, ...more] = process.argv.slice(2);
if (poems === undefined) throw new Error('usage: npm run recipe:couplets -- POEMS');

// four lines of seven characters with their marks, and the end
const common = `train --data ${poems} --validation-share 0.01 --length 33 --batch 64 --dtype F16`;
inTurn(
  [
    `${common} --out runs/couplets-causal --objective autoregressive --random-length-share 0 --tokenizer characters --layers 4 --width 256 --heads 4 --hidden 688 --tied --steps 1500 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
    // windows of many lengths: lines of five leave room in those of 33, which is filled with ends where a poem has but one
    `${common} --out runs/couplets --from runs/couplets-causal --times low-discrepancy --random-length-share 0.3 --steps 3000 --learning-rate 1.5e-3 --warmup 100 --ema 0.998 --seed 2`,
  ],
  more,
);

const model = await load(join(root, 'runs/couplets'));
for (const line of ['春眠不覺曉', '月落烏啼霜滿天']) {
  const other = { length: line.length };
  for (const parts of [
    [`${line}，`, other, '。', other, '，', other, '。'],
    [other, '，', other, '。', other, `，${line}。`],
    [other, `，${line}。`, other, '，', other, '。'],
  ]) {
    const { text } = await model.infill({ parts, complete: true, temperature: 0.7, seed: 1 });
    console.log(text);
  }
}
await model.close();
