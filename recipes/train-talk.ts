// The recipe of the dialogue model that ships, models/talk, in runs from the model of stories: to begin a story about what it is asked
// for, and what it says beside stories; then whole conversations, which go on and end; then these in blocks of 4 tokens, as it writes
// them, for as long as it went on learning. Four hours on one core. A run that was stopped goes on where it was.
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
  'finetune --length 256 --batch 16 --times bell --validation-share 0.02 --validation-draws 1 --validation-windows 32';

const rate = '--learning-rate 1.2e-3';
const inBlocks = `${common} --data runs/talk-data/conversations.jsonl --objective block-diffusion --block 4 --bell-mean 0.65 --bell-width 0.25`;
const falling = '--warmup 10 --decay-share 0.98 --minimum-rate 2e-5 --ema 0.995 --dtype F16';

inTurn(
  [
    `${common} --data runs/talk-data/openings.jsonl --out runs/talk-openings --from models/stories --steps 1000 ${rate} --warmup 80 --schedule constant --seed 1`,
    `${common} --data runs/talk-data/conversations.jsonl --out runs/talk-conversations --from runs/talk-openings --steps 840 ${rate} --warmup 20 --decay-share 0.479 --minimum-rate 2e-5 --ema 0.995 --seed 2`,
    `${inBlocks} --out runs/talk-blocks --from runs/talk-conversations --steps 1450 ${rate} --warmup 20 --decay-share 0.4 --minimum-rate 2e-5 --ema 0.995 --dtype F16 --seed 3`,
    `${inBlocks} --out runs/talk-longer --from runs/talk-blocks --steps 1723 ${rate} --warmup 50 --schedule constant --seed 4`,
    `${inBlocks} --out runs/talk-falling --from runs/talk-longer --steps 750 ${rate} ${falling} --seed 5`,
    `${inBlocks} --out runs/talk --from runs/talk-falling --steps 650 --learning-rate 8e-4 ${falling} --seed 6`,
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
