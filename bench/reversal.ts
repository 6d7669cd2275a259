// What is learned in one direction, asked in both: a causal model and a mask predictor of one size learn pairs by heart, always
// written first part first, and are asked for the second part given the first, and for the first given the second. Berglund et
// al. 2023 (arXiv:2309.12288) call the failure of causal models the reversal curse; LLaDA section 3.3 asks for lines of poems.
// A few minutes on two cores.
//
//     npm run bench:reversal                  made-up names and descriptions, then couplets of recipes/couplets.jsonl
//     npm run bench:reversal -- names         one of the two
//     npm run bench:reversal -- '' --threads 1   with options of unmask train

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askPairs } from '../src/evaluation/claims/ask-pairs.ts';
import { madeUpPairs, type Pair, pairSentence } from '../src/evaluation/claims/pairs.ts';
import { load } from '../src/language-model/load.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

const [wanted = '', ...more] = process.argv.slice(2);
const sets = [
  { name: 'names', pairs: madeUpPairs(50) },
  { name: 'couplets', pairs: couplets('recipes/couplets.jsonl') },
].filter(({ name }) => name.includes(wanted));
if (sets.length === 0) throw new Error(`no pairs are named ${wanted}: there are names and couplets`);

const recipe = `
  --tokenizer characters --validation-share 0 --random-length-share 0
  --layers 3 --width 128 --heads 4 --hidden 344 --batch 32 --learning-rate 1e-3 --schedule cosine --warmup 100 --weight-decay 0
  --sample-every 100000 --checkpoint-every 500
`;
const models = [
  { name: 'causal', options: '--objective autoregressive --steps 600' },
  { name: 'masked diffusion', options: '--objective masked-diffusion --times low-discrepancy --steps 2000' },
];

console.log('Exact answers of the likeliest tokens.\n');
console.log('| pairs | model | second, given the first | first, given the second | chance |');
console.log('|---|---|---|---|---|');
for (const { name, pairs } of sets)
  for (const { name: model, options } of models) {
    process.stderr.write(`\n${name}, ${model}\n`);
    const { forward, backward } = await asked(trained(name, pairs, model, options), pairs);
    const cells = [`${name}: ${pairSentence(pairs[0])}`, model, forward, backward, 1 / pairs.length];
    console.log(
      `| ${cells.map((cell) => (typeof cell === 'number' ? `${(100 * cell).toFixed(0)} %` : cell)).join(' | ')} |`,
    );
  }

/** Trains, or goes on where it was stopped. @returns the run's directory */
function trained(set: string, pairs: readonly Pair[], model: string, options: string): string {
  const folder = join('runs/reversal', set);
  mkdirSync(join(root, folder), { recursive: true });
  const data = join(folder, 'pairs.jsonl');
  writeFileSync(
    join(root, data),
    pairs.map((pair) => `${JSON.stringify({ text: pairSentence(pair) })}\n`).join(''),
  );
  const out = join(folder, model.replace(' ', '-'));
  // as long as the longest pair and its end: what fills up windows would be missed where the pair is asked for
  const length = 1 + Math.max(...pairs.map((pair) => [...pairSentence(pair)].length));
  const args = `train ${recipe} --length ${length} --data ${data} --out ${out} ${options}`
    .trim()
    .split(/\s+/);
  execFileSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args, ...more], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(root, out);
}

/** The shares of the pairs whose second part is written given the first, and the other way round. */
async function asked(path: string, pairs: readonly Pair[]): Promise<{ forward: number; backward: number }> {
  const model = await load(path);
  const answers = await askPairs(model, pairs);
  await model.close();
  const share = (right: readonly boolean[]): number => right.filter(Boolean).length / pairs.length;
  return { forward: share(answers.forward), backward: share(answers.backward) };
}

/** The first two lines of poems of five characters a line. */
function couplets(path: string): Pair[] {
  const rows = readFileSync(join(root, path), 'utf8').trim().split('\n');
  return rows.map((row) => {
    const [first, second] = (JSON.parse(row) as { text: string }).text.split(/[，。]/u);
    return { first, between: '，', second, end: '。' };
  });
}
