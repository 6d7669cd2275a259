// The recipe of the dialogue model that ships, models/talk, in three runs from the model of stories: to begin a story about what it
// is asked for, and what it says beside stories; then whole conversations, which go on and end; then these in blocks of 4 tokens, as
// it writes them. Two and a half hours on one core. A run that was stopped goes on where it was.
//
//     npm run recipe:talk               makes the conversations, trains, then writes models/talk
//     npm run recipe:talk -- --threads 1

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { inTurn, publish, root } from './recipe.ts';

execFileSync(process.execPath, [join(root, 'dist/recipes/prepare-talk.js'), join(root, 'runs/talk-data')], {
  stdio: 'inherit',
});

const common =
  'finetune --length 256 --batch 16 --times bell --learning-rate 1.2e-3 --validation-share 0.02 --validation-draws 1 --validation-windows 32';

inTurn(
  [
    `${common} --data runs/talk-data/openings.jsonl --out runs/talk-openings --from models/stories --steps 1000 --warmup 80 --schedule constant --seed 1`,
    `${common} --data runs/talk-data/conversations.jsonl --out runs/talk-conversations --from runs/talk-openings --steps 840 --warmup 20 --decay-share 0.479 --minimum-rate 2e-5 --ema 0.995 --seed 2`,
    `${common} --data runs/talk-data/conversations.jsonl --out runs/talk --from runs/talk-conversations --objective block-diffusion --block 4 --bell-mean 0.65 --bell-width 0.25 --steps 1450 --warmup 20 --decay-share 0.4 --minimum-rate 2e-5 --ema 0.995 --dtype F16 --seed 3`,
  ],
  process.argv.slice(2),
);
publish('talk', {
  length: 80,
  blockLength: 4,
  strategy: 'left-to-right',
  temperature: 0.65,
  frequencyPenalty: 0.2,
  guidance: 0.8,
});
