// The recipe of the model that ships, models/stories, in three runs, each from the weights of the one before:
// a causal model of the stories; a mask predictor, whose first thousand updates would otherwise teach it no more than how
// frequent each token is (experiments/LOG.md); the same with windows that begin with given text, as a story does that goes
// on from its first words. About an hour and a half on two cores. A run that was stopped goes on where it was.
//
//     npm run recipe:stories               trains, then writes models/stories
//     npm run recipe:stories -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common =
  'train --data models/stories/stories.jsonl.gz --validation-share 0.02 --layers 4 --width 256 --heads 4 --hidden 688 --length 128 --batch 16';

inTurn(
  [
    `${common} --out runs/stories-causal --objective autoregressive --vocabulary-size 2048 --steps 1000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
    `${common} --out runs/stories-masked --from runs/stories-causal --steps 1527 --learning-rate 1.5e-3 --warmup 100 --schedule constant --ema 0.998 --seed 2 --dtype F16`,
    `${common} --out runs/stories --from runs/stories-masked --steps 1700 --learning-rate 1.2e-3 --warmup 50 --prompt-share 0.6 --ema 0.998 --seed 3 --dtype F16`,
  ],
  process.argv.slice(2),
);
publish('stories', { length: 96, blockLength: 4, temperature: 0.7 });
