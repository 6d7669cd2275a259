// The recipe of the dialogue model that ships, models/talk, in four runs: from the model of stories, the language of
// conversations (all that is said is learned); then to answer (each answer, given what was said before it), and twice more.
// Two and a half hours on one core. A run that was stopped goes on where it was.
//
//     npm run recipe:talk               trains, then writes models/talk
//     npm run recipe:talk -- --threads 1

import { inTurn, publish } from './recipe.ts';

const common = '--data models/talk/talk.jsonl.gz --validation-share 0.02 --batch 16 --ema 0.998 --dtype F16';

inTurn(
  [
    `train ${common} --out runs/talk-text --from models/stories --length 128 --steps 1400 --learning-rate 1.5e-3 --warmup 100 --schedule constant --prompt-share 0.5 --seed 1`,
    `finetune ${common} --out runs/talk-answers --from runs/talk-text --length 112 --steps 2200 --learning-rate 1e-3 --warmup 50 --seed 2`,
    `finetune ${common} --out runs/talk-more --from runs/talk-answers --length 112 --steps 1600 --learning-rate 8e-4 --warmup 50 --decay-share 0.3 --seed 3`,
    `finetune ${common} --out runs/talk --from runs/talk-more --length 112 --steps 2600 --learning-rate 8e-4 --warmup 50 --decay-share 0.4 --seed 4`,
  ],
  process.argv.slice(2),
);
publish('talk', { length: 40, blockLength: 2, temperature: 0.5 });
