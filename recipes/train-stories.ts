// The recipe of the model that ships, models/stories, in two runs: a causal model of the stories, and from its weights a mask
// predictor, whose first thousand updates would otherwise teach it no more than how frequent each token is
// (experiments/LOG.md). Times are bell-shaped, which learns faster; three windows in ten begin with given text, as a story
// does that goes on from its first words. About two hours on one core. A run that was stopped goes on where it was.
//
//     npm run recipe:stories               trains, then writes models/stories
//     npm run recipe:stories -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common =
  'train --data models/stories/stories.jsonl.gz --validation-share 0.02 --layers 4 --width 256 --heads 4 --hidden 688 --length 256 --batch 16 --schedule wsd';

inTurn(
  [
    `${common} --out runs/stories-causal --objective autoregressive --vocabulary-size 2048 --steps 900 --learning-rate 2e-3 --warmup 100 --seed 1`,
    `${common} --out runs/stories --from runs/stories-causal --times bell --prompt-share 0.3 --steps 5700 --learning-rate 1.5e-3 --warmup 100 --decay-share 0.16 --minimum-rate 3e-5 --ema 0.999 --seed 2 --dtype F16`,
  ],
  process.argv.slice(2),
);
publish('stories', {
  length: 240,
  blockLength: 4,
  temperature: 1.1,
  frequencyPenalty: 0.7,
  revise: 3,
  reviseThreshold: 0.03,
});
