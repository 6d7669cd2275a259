// The recipe of the model that ships, models/stories, in four runs. A causal model of the stories; from its weights a mask
// predictor, whose first thousand updates would otherwise teach it no more than how frequent each token is; from that a causal
// model again, which now learns in minutes what took hours in masks; and from this a model that writes in blocks of 4 tokens and
// has not forgotten whole texts, which it revises (experiments/LOG.md). About five hours on one core. A run that was stopped goes
// on where it was.
//
//     npm run recipe:stories               trains, then writes models/stories
//     npm run recipe:stories -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common =
  'train --data models/stories/stories.jsonl.gz --validation-share 0.02 --layers 4 --width 256 --heads 4 --hidden 688 --length 256 --batch 16';

const bell = '--times bell --ema 0.999';

inTurn(
  [
    `${common} --out runs/stories-causal --objective autoregressive --vocabulary-size 2048 --schedule wsd --steps 900 --learning-rate 2e-3 --warmup 100 --seed 1`,
    `${common} --out runs/stories-masked --from runs/stories-causal ${bell} --prompt-share 0.3 --schedule wsd --steps 5700 --learning-rate 1.5e-3 --warmup 100 --decay-share 0.16 --minimum-rate 3e-5 --seed 2`,
    `${common} --out runs/stories-next --from runs/stories-masked --objective autoregressive --schedule constant --steps 990 --learning-rate 1.5e-3 --warmup 50 --seed 1`,
    `${common} --out runs/stories --from runs/stories-next --objective block-diffusion --block 4 --block-warmup 150 --whole-share 0.4 ${bell} --bell-mean 0.55 --bell-width 0.25 --schedule wsd --steps 2200 --learning-rate 1.2e-3 --warmup 50 --decay-share 0.36 --minimum-rate 2e-5 --seed 3 --dtype F16`,
  ],
  process.argv.slice(2),
);
publish('stories', {
  length: 240,
  strategy: 'left-to-right',
  temperature: 0.8,
  topP: 0.95,
  frequencyPenalty: 0.3,
});
