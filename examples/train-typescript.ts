// The recipe of a TypeScript completer, of 6 million parameters, in three runs, each from the weights of the one before: a
// causal model of the sources; a mask predictor; the same with holes of unknown length (DreamOn), so that it can be asked to
// fill in what it isn't told the length of, and with windows that begin with given text. A run that was stopped goes on.
//
//     npm run recipe:typescript -- SOURCES               .jsonl of sources in a field `text`, .txt, or a directory of them
//     npm run recipe:typescript -- SOURCES --threads 1   with options of unmask train, over those of every run
//     npx unmask infill FILE.ts --model runs/typescript

import { trainInTurn } from './recipe.ts';

const [sources, ...more] = process.argv.slice(2);
if (sources === undefined) throw new Error('usage: npm run recipe:typescript -- SOURCES');

trainInTurn(
  `--data ${sources} --validation-share 0.02 --length 192 --batch 16`,
  [
    '--out runs/typescript-causal --objective autoregressive --layers 6 --width 256 --heads 4 --hidden 688 --vocabulary-size 4096 --steps 3000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1',
    '--out runs/typescript-masked --from runs/typescript-causal --steps 4000 --learning-rate 1.5e-3 --warmup 100 --schedule constant --ema 0.998 --seed 2',
    '--out runs/typescript --from runs/typescript-masked --variable-length 0.5 --surplus 16 --prompt-share 0.3 --steps 3000 --learning-rate 1.2e-3 --warmup 50 --ema 0.998 --seed 3 --dtype F16',
  ],
  more,
);
