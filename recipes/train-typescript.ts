// The recipe of the TypeScript completer that ships, models/typescript, in four runs, each from the weights of the one before: a
// causal model of the sources; a mask predictor; the same with holes of unknown length (DreamOn), so that it can be asked to
// fill in what it isn't told the length of, and with windows that begin with given text, and more of that. Two and a half hours
// on one core. A run that was stopped goes on where it was.
//
//     npm run recipe:typescript               trains, then writes models/typescript
//     npm run recipe:typescript -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common =
  'train --data models/typescript/sources.jsonl.gz --validation-share 0.02 --layers 4 --width 256 --heads 4 --hidden 688 --length 160 --batch 16';

inTurn(
  [
    `${common} --out runs/typescript-causal --objective autoregressive --vocabulary-size 4096 --steps 1000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
    `${common} --out runs/typescript-masked --from runs/typescript-causal --times low-discrepancy --steps 1200 --learning-rate 1.5e-3 --warmup 100 --schedule constant --ema 0.998 --seed 2 --dtype F16`,
    `${common} --out runs/typescript-holes --from runs/typescript-masked --times low-discrepancy --variable-length 0.5 --surplus 16 --prompt-share 0.3 --steps 3500 --learning-rate 1.2e-3 --warmup 50 --ema 0.998 --seed 3 --dtype F16`,
    `${common} --out runs/typescript --from runs/typescript-holes --times low-discrepancy --variable-length 0.5 --surplus 16 --prompt-share 0.3 --steps 1400 --learning-rate 1.2e-3 --warmup 50 --decay-share 0.5 --ema 0.998 --seed 4 --dtype F16`,
  ],
  process.argv.slice(2),
);
publish('typescript', { length: 64, blockLength: 8, temperature: 0 });
