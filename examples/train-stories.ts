// The recipe of the model that ships, models/stories: first a causal model of the stories, then, from its weights, a
// mask predictor. A mask predictor of this size that begins from nothing knows only how frequent each token is for the
// first thousand updates (experiments/LOG.md). About two hours on two cores; each run resumes where it was stopped.
//
//     npm run recipe:stories
//
// The model is in runs/stories/model afterwards; copied to models/stories it ships.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

const network = '--layers 4 --width 256 --heads 4 --hidden 688 --length 128';
const text = '--data models/stories/stories.jsonl.gz --validation-share 0.02';

const runs = [
  `${text} ${network} --out runs/stories-causal --objective autoregressive --vocabulary-size 2048 --batch 16 --steps 1000 --learning-rate 2e-3 --warmup 100 --schedule constant --seed 1`,
  `${text} ${network} --out runs/stories --from runs/stories-causal --batch 16 --steps 3000 --learning-rate 1.5e-3 --warmup 100 --ema 0.998 --seed 2 --dtype F16`,
];

for (const options of runs) {
  process.stderr.write(`unmask train ${options}\n`);
  const { status } = spawnSync(process.execPath, ['dist/src/cli/main.js', 'train', ...options.split(' ')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
