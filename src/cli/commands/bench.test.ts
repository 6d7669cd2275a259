import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { heldOutStories } from '../../evaluation/shipped.ts';
import type { SamplingOutcome } from '../../evaluation/trade-off/outcome.ts';
import { readPrompts } from '../../evaluation/trade-off/read-prompts.ts';
import { load } from '../../language-model/load.ts';
import { runProgram } from '../program.ts';
import { benchCommand } from './bench.ts';

const text = 'abcdefgh and all the other letters';

async function bench(t: TestContext, args: (folder: string) => string[]) {
  const folder = await temporaryFolder(t);
  const rows = ['abc', 'abcd', 'abcde'].map((prompt) =>
    JSON.stringify({
      prompt,
      answer: prompt === 'abcd' ? 'nothing like it' : text.slice(prompt.length, prompt.length + 8),
    }),
  );
  await writeFile(join(folder, 'tasks.jsonl'), rows.join('\n'));
  await writeFile(join(folder, 'texts.txt'), 'abc def ghi jkl\n\nabcdefgh and all\n\nabc abc abc abc abc');
  const io = fakeIo();
  const command = benchCommand(async ({ model }) =>
    model?.endsWith('judge') ? load(model) : modelThatKnows(text),
  );
  const code = await runProgram(
    ['bench', ...args(folder)],
    io,
    { bench: async () => ({ default: command }) },
    '0',
  );
  return { code, io, folder };
}

const words = (line: string): string[] => line.split(' ');
const small = ['--length', '8', '--block-length', '4', '--count', '3', '--temperature', '0'];

test('every way is measured on every prompt: speeds as counted, held-out text under it, exact answers as there are', async (t) => {
  const { code, io } = await bench(t, (folder) => [
    'sample',
    join(folder, 'tasks.jsonl'),
    '--json',
    ...['margin', 'threshold', 'random', 'editing'].flatMap((name) => ['--strategy', name]),
    ...small,
  ]);
  assert.equal(code, 0, io.err);
  const outcomes = io.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SamplingOutcome);
  const named = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  assert.equal(outcomes[0].name, 'low-confidence, 1 a step, blocks of 4');
  for (const { judgement, exact, temperature } of outcomes) {
    assert.equal(judgement.texts, 3);
    assert.equal(exact?.mean, 2 / 3);
    assert.equal(temperature, 0);
  }
  const margin = (tokens: number) => named.get(`margin, ${tokens} a step, blocks of 4`)!;
  assert.deepEqual(
    [1, 2, 4].map((tokens) => margin(tokens).tokensPerForward),
    [1, 2, 4],
  );
  // a model that knows the text is sure of it
  assert.equal(named.get('threshold, tau 0.5, blocks of 4')!.tokensPerForward, 4);
  // its forwards say the same whatever they see, so that no way to write is likelier than another
  assert.equal(margin(4).heldOut!.mean, margin(1).heldOut!.mean);
  assert.equal(margin(1).heldOut!.isBound, false);
  assert.equal(named.get('random, 1 a step, blocks of 4')!.heldOut!.isBound, true);
  assert.equal(named.get('editing, tau 0.7, blocks of 4')!.heldOut, undefined);
});

test('texts are cut to their first words; the table fits 80 columns; charts and numbers are written', async (t) => {
  const { code, io, folder } = await bench(t, (folder) => [
    'sample',
    join(folder, 'texts.txt'),
    ...words('--words 2 --strategy threshold --temperature 1 --svg'),
    join(folder, 'chart.svg'),
    '--csv',
    join(folder, 'table.csv'),
    ...small,
  ]);
  assert.equal(code, 0, io.err);
  for (const line of io.out.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(io.out, /\nreal text +\d/);
  assert.match(io.out, /\nthreshold, tau 0.95, blocks of 4\n[* ] T 1 /);
  assert.match(io.out, /fastest within one standard error of the first way on real text:\n {2}\S/);
  for (const name of ['chart.svg', 'chart-variety.svg'])
    assert.match(await readFile(join(folder, name), 'utf8'), /^<svg /);
  const lines = (await readFile(join(folder, 'table.csv'), 'utf8')).trim().split('\n');
  assert.equal(lines.length, 1 + 2 * 7);
  assert.match(lines[0], /^name,group,temperature,tokensPerForward,.*distinct2.*natsPerToken/);
});

test('too few prompts, and a model without prompts, are refused', async (t) => {
  const few = await bench(t, (folder) => ['sample', join(folder, 'tasks.jsonl'), '--count', '4']);
  assert.equal(few.code, 2);
  assert.match(few.io.err, /count: must be at most the 3 documents of .*tasks\.jsonl, got 4/);
  const none = await bench(t, () => ['sample', '--model', 'mine']);
  assert.equal(none.code, 2);
  assert.match(none.io.err, /give a file of prompts for a model of your own/);
  const odd = await bench(t, (folder) => [
    'sample',
    join(folder, 'tasks.jsonl'),
    ...words('--count 3 --length 8 --block-length 9'),
  ]);
  assert.equal(odd.code, 2);
  assert.match(odd.io.err, /--block-length: must be from 1 to the 8 masked tokens, got 9/);
});

test('a row without an answer leaves the others with theirs; a text goes on where its prompt ends', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'rows.jsonl');
  await writeFile(
    path,
    '{"prompt":"a","answer":"1"}\n{"answer":"2"}\n{"prompt":"b"}\n{"prompt":"c","answer":"3"}\n',
  );
  const found = await readPrompts(path, 3, 8);
  assert.deepEqual(
    found.map(({ prompt, answer }) => [prompt, answer]),
    [
      ['a', '1'],
      ['b', undefined],
      ['c', '3'],
    ],
  );
  const [story] = await readPrompts(heldOutStories, 2, 8);
  assert.equal(story.prompt.split(/\s+/).length, 8);
  assert.match(story.continuation!, /^\s\S/);
});
