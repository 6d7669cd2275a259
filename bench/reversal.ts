// What is learned in one direction, asked in both: a causal model and a mask predictor of one size learn pairs by heart, always
// written first part first, and are asked for the second part given the first, and for the first given the second. Berglund et
// al. 2023 (arXiv:2309.12288) call the failure of causal models the reversal curse; LLaDA section 3.3 asks for lines of poems.
// A few minutes on two cores.
//
//     npm run bench:reversal                                     made-up names and descriptions
//     npm run bench:reversal -- quatrains.jsonl.gz               couplets: the first two lines of poems, from rows with a text
//     npm run bench:reversal -- quatrains.jsonl.gz --threads 1   with options of unmask train

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { integerBelow, uniforms } from '../src/random.ts';
import { load } from '../src/unmask.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const most = 100;

/** Two parts, and what stands between and behind them. */
interface Pair {
  readonly first: string;
  readonly second: string;
  readonly between: string;
  readonly end: string;
}

const [given, ...rest] = process.argv.slice(2);
const file = given?.startsWith('-') ? undefined : given;
const more = file === undefined ? process.argv.slice(2) : rest;
const pairs = file === undefined ? madeUp() : couplets(file);
const folder = join('runs', file === undefined ? 'reversal-names' : 'reversal-couplets');
const text = join(root, folder, 'pairs.jsonl');
mkdirSync(join(root, folder), { recursive: true });
writeFileSync(text, pairs.map((pair) => `${JSON.stringify({ text: whole(pair) })}\n`).join(''));

const common = `
  --data ${text} --tokenizer characters --length 16 --validation-share 0 --random-length-share 0
  --layers 3 --width 128 --heads 4 --hidden 344 --batch 32 --learning-rate 2e-3 --schedule cosine --warmup 100 --weight-decay 0
  --sample-every 100000 --checkpoint-every 500
`;
const models = [
  { name: 'causal', options: '--objective autoregressive --steps 600' },
  { name: 'masked diffusion', options: '--objective masked-diffusion --steps 2400' },
];

console.log(
  `${pairs.length} pairs, ${whole(pairs[0])} …; exact answers of the likeliest tokens; chance is ${percent(1 / pairs.length)}\n`,
);
console.log('| model | second, given the first | first, given the second |');
console.log('|---|---|---|');
for (const { name, options } of models) {
  const out = join(folder, name.replace(' ', '-'));
  process.stderr.write(`\n${name}\n`);
  execFileSync(
    process.execPath,
    [
      join(root, 'dist/src/cli/main.js'),
      ...`train ${common} --out ${out} ${options}`.trim().split(/\s+/),
      ...more,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const model = await load(join(root, out));
  const isCausal = name === 'causal';
  let [forward, backward] = [0, 0];
  for (const { first, second, between, end } of pairs) {
    const [after, before] = [[...second].length, [...first].length];
    // a causal model can't look behind a hole: it is asked to go on from the second part
    const onward = isCausal
      ? await model.generate({ prompt: first + between, length: after, endless: true })
      : await model.infill({ parts: [first + between, { length: after }, end] });
    const back = isCausal
      ? await model.generate({ prompt: second + between, length: before, endless: true })
      : await model.infill({ parts: [{ length: before }, between + second + end] });
    if (onward.text.slice((first + between).length).startsWith(second)) forward++;
    const asked = isCausal ? back.text.slice((second + between).length) : back.text;
    if (asked.startsWith(first)) backward++;
  }
  await model.close();
  console.log(`| ${name} | ${percent(forward / pairs.length)} | ${percent(backward / pairs.length)} |`);
}

function whole({ first, between, second, end }: Pair): string {
  return `${first}${between}${second}${end}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Names of four letters, descriptions of six. */
function madeUp(): Pair[] {
  const uniform = uniforms(1, 'synthetic');
  const letter = (letters: string, i: number) => letters[integerBelow(letters.length, uniform(i))];
  const syllables = (count: number, from: number) =>
    Array.from(
      { length: count },
      (_, i) => letter('bdfghklmnprstvz', from + 2 * i) + letter('aeiou', from + 2 * i + 1),
    ).join('');
  return Array.from({ length: most }, (_, i) => ({
    first: syllables(2, 10 * i),
    between: ' is ',
    second: syllables(3, 10 * i + 4),
    end: '.',
  }));
}

/** The first two lines of poems of five characters a line. */
function couplets(path: string): Pair[] {
  const bytes = readFileSync(path);
  const rows = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
  const found: Pair[] = [];
  for (const row of rows) {
    if (found.length === most || row === '') continue;
    const [, first, second] = /^(.{5})，(.{5})。/u.exec((JSON.parse(row) as { text: string }).text) ?? [];
    if (first !== undefined) found.push({ first, between: '，', second, end: '。' });
  }
  if (found.length === 0)
    throw new Error(`${path}: expected rows with a text of lines of five characters, found none`);
  return found;
}
