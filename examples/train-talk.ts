// The recipe of the dialogue model that ships, models/talk, in two runs: from the model of stories, the language of
// conversations (all that is said is learned); then to answer (each answer, given what was said before it).
// About an hour and a half on one core. A run that was stopped goes on where it was.
//
//     npm run recipe:talk               trains, then writes models/talk
//     npm run recipe:talk -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common = '--data models/talk/talk.jsonl.gz --validation-share 0.02 --batch 16 --ema 0.998 --dtype F16';

inTurn(
  [
    `train ${common} --out runs/talk-text --from models/stories --length 128 --steps 1400 --learning-rate 1.5e-3 --warmup 100 --schedule constant --prompt-share 0.5 --seed 1`,
    `finetune ${common} --out runs/talk --from runs/talk-text --length 112 --steps 2200 --learning-rate 1e-3 --warmup 50 --seed 2`,
  ],
  process.argv.slice(2),
);
publish('talk', { length: 40, blockLength: 4, temperature: 0.6 });
