import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inputs } from './inputs.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'unmask-examples-'));
// what they write goes where they are started
process.chdir(scratch);
after(async () => {
  process.chdir(root);
  await rm(scratch, { recursive: true });
});

/** What each program prints, as far as it has to. The last train for seconds. */
const expected: Readonly<Record<string, RegExp>> = {
  write:
    /^ 0 {2}t 1\.00 {2}Once upon a time·{32}\n(.*\n)+16 {2}t 0\.00 {2}[^·]+\n17 {2}t 1\.00 .*·.*\n(.*\n)+Once upon a time[^]*\n32 tokens in \d+ forwards$/,
  fill: /^Tom was sad\..+ Then he was .+ again\.\n(4|5|6|7|8|9|1[0-6]) tokens: ".+"\n1 tokens: ".+"$/,
  edit: /^" elephant" has probability \d.*\n(.*\n){2}- +elephant\n\+ .+$/,
  constrain: /^The dog was (big|small|red)( and [a-z]+)?\.\nTom is [1-9] and likes (dogs|cats|the sun)$/,
  score: /^-log p\(" Lily\."\) ≤ \d\.\d\d ± \d\.\d\d nats\n-log p\(" Tax\."\) ≤ \d\d\.\d\d ± \d\.\d\d nats$/,
  chat: /^> Do you like music\?\n.+\n> What kind\?\n.+$/,
  objective: /^60 updates; the bound is [1-4]\.\d\d nats a token\n3 and one.{6}\.$/,
  loss: /^ε 0: \d\.\d{3} nats a token, as the bound has it\nε 0\.2: \d\.\d{3} nats.*$/,
  strategy:
    /^low-confidence\n·{12}\n[^]*\napart\n·{12}\n([^·\n]*·+[^·\n]*){2}\n[^]*\nTom was sad\. .+ Then he was happy again\.\n\d+ forwards$/,
  finetune:
    /^step 1 of 16: loss .*\n(.*\n)+The cat says meow\nThe dog says woof\nThe cow says moo\nThe hen says cluck$/,
  'train-and-plot':
    /^masked-diffusion: \d\.\d\d nats a token after [\d.]+ s\nblock-diffusion: .*\nautoregressive: 0\.\d\d nats.*$/,
  'noise-schedule':
    /^linear: \d\.\d\d nats a token, half of the tokens masked at t = 0\.50\nmy own: \d\.\d\d nats a token, half of the tokens masked at t = 0\.71$/,
};

test('there is a line here for every example, and each is short', () => {
  const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));
  assert.deepEqual(
    names.sort(),
    Object.keys(expected)
      .map((name) => `${name}.ts`)
      .sort(),
  );
  const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
  for (const name of names) {
    const lines = readFileSync(join(root, 'examples', name), 'utf8')
      .trimEnd()
      .split('\n').length;
    assert.ok(lines >= 10 && lines <= 50, `${name} has ${lines} lines`);
    assert.ok(readme.includes(`(${name})`), `examples/README.md names ${name}`);
  }
});

const all = Object.entries(expected);
const tried = all.slice(0, inputs({ all: all.length, few: all.length - 3 }));
for (const [name, pattern] of tried) {
  test(`examples/${name}.ts prints what it is to print`, async (t) => {
    const printed: string[] = [];
    t.mock.method(console, 'log', (line: string) => printed.push(line));
    await import(pathToFileURL(join(root, 'dist/examples', `${name}.js`)).href);
    assert.match(printed.join('\n'), pattern);
    if (name === 'train-and-plot')
      assert.match(readFileSync('curves.svg', 'utf8'), /^<svg .*(<polyline .*){3}<\/svg>$/);
  });
}

test('what is trained by an example is a run that can be opened again', () => {
  const runs = { objective: 'spans', finetune: 'sounds', 'train-and-plot': 'plot-autoregressive' };
  for (const run of tried.flatMap(([name]) => runs[name as keyof typeof runs] ?? []))
    assert.ok(existsSync(join(scratch, 'runs', run, 'options.json')), run);
});
