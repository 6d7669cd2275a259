// How much sooner a mask predictor is there that is made from a causal model: each way of making one is trained for half as
// long as the one from nothing, and its bound is followed. About ten minutes on two cores.
//
//     npm run bench:from-causal                     every way
//     npm run bench:from-causal -- shifted          ways whose name contains a word, beside the one from nothing
//     npm run bench:from-causal -- '' --threads 1   with options of unmask train

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const steps = 800;
const every = 50;

/** 0.8M parameters on Tiny Shakespeare, windows of 64 characters. */
const common = `
  --data recipes/tinyshakespeare.txt.gz --packing stream --times low-discrepancy --length 64 --batch 12 --random-length-share 0
  --learning-rate 1e-3 --schedule constant --warmup 50 --seed 1
  --validation-draws 4 --validation-windows 256 --validation-every ${every} --sample-every 100000 --checkpoint-every 200
`;
const network = '--tokenizer characters --layers 4 --width 128 --heads 4 --hidden 344';
const causal = 'runs/from-causal/causal';
const ways = [
  { name: 'shifted, attention opened at once', options: '' },
  { name: 'shifted, attention opened over 200 updates', options: '--anneal 200' },
  { name: 'each token at its own position', options: '--no-shifted-logits' },
];

const [wanted = '', ...more] = process.argv.slice(2);
const chosen = ways.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0)
  throw new Error(`no way is named ${wanted}: ${ways.map(({ name }) => name).join('; ')}`);

interface Judged {
  readonly step: number;
  readonly natsPerToken: number;
}

/** Trains, or goes on where it was stopped, and gives the bounds on the way; the last is on all windows, not on 256. */
function trained(name: string, out: string, options: string): Judged[] {
  process.stderr.write(`\n${name}\n`);
  const args = `train ${common} --out ${out} ${options}`.trim().split(/\s+/);
  execFileSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args, ...more], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readFileSync(join(root, out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Judged & { kind: string })
    .filter(({ kind }) => kind === 'validation');
}

trained('causal', causal, `${network} --objective autoregressive --steps ${steps}`);
const fromNothing = trained('from nothing', 'runs/from-causal/nothing', `${network} --steps ${steps}`);
// the lowest on the way, on the same windows as those of the others
const bound = Math.min(...fromNothing.slice(0, -1).map(({ natsPerToken }) => natsPerToken));

console.log(`A causal model of ${steps} updates, then masked diffusion; the bound in nats a character.\n`);
console.log(
  '| made | bound at the end | reaches the lowest on the way of the one from nothing after | of its updates |',
);
console.log('|---|---|---|---|');
print('from nothing', fromNothing);
for (const [i, { name, options }] of chosen.entries())
  print(
    name,
    trained(
      name,
      `runs/from-causal/${i}-${wanted || 'all'}`,
      `--from ${causal} --steps ${steps / 2} ${options}`,
    ),
  );

function print(name: string, judged: readonly Judged[]): void {
  const last = judged.at(-1)!;
  const there = judged.slice(0, -1).find(({ natsPerToken }) => natsPerToken <= bound)?.step;
  const share = there === undefined ? 'not' : `${((100 * there) / steps).toFixed(0)} %`;
  console.log(
    `| ${name} | ${last.natsPerToken.toFixed(3)} after ${last.step} | ${there ?? 'not'} | ${share} |`,
  );
}
