// The recipe of the dialogue model that ships, models/talk: from the model of stories, whole conversations in blocks of 4 tokens, as
// it writes them: to begin a story about what it is asked for, to go on and end it, and what it says beside stories. Forty minutes on
// one core. A run that was stopped goes on where it was.
//
//     npm run recipe:talk               makes the conversations, trains, then writes models/talk
//     npm run recipe:talk -- --threads 1

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { inTurn, publish, root } from './recipe.ts';

execFileSync(process.execPath, [join(root, 'dist/recipes/prepare-talk.js'), join(root, 'runs/talk-data')], {
  stdio: 'inherit',
});

inTurn(
  [
    'finetune --data runs/talk-data/conversations.jsonl --out runs/talk --from models/stories --objective block-diffusion --block 4 --length 256 --batch 16 --times bell --bell-mean 0.6 --bell-width 0.25 --steps 950 --learning-rate 1e-3 --warmup 30 --decay-share 0.5 --minimum-rate 2e-5 --ema 0.997 --dtype F16 --validation-share 0.02 --validation-draws 1 --validation-windows 64 --seed 7',
  ],
  process.argv.slice(2),
);
publish('talk', {
  length: 80,
  blockLength: 4,
  strategy: 'left-to-right',
  temperature: 0.65,
  topP: 0.95,
  frequencyPenalty: 0.3,
  guidance: 0.6,
});
