import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { readTasks } from '../../evaluation/sampling-tasks.ts';
import type { SamplingOutcome } from '../../evaluation/trade-off.ts';
import { benchCommand } from './bench.ts';
import { runProgram } from '../program.ts';

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
  const command = benchCommand(async () => modelThatKnows(text));
  const code = await runProgram(
    ['bench', ...args(folder)],
    io,
    { bench: async () => ({ default: command }) },
    '0',
  );
  return { code, io, folder };
}

const small = ['--cache', 'none', '--length', '8', '--block-length', '4', '--draws', '2'];

test('every way is measured on every prompt: speeds as counted, exact answers as there are', async (t) => {
  const { code, io } = await bench(t, (folder) => [
    'sample',
    join(folder, 'tasks.jsonl'),
    '--count',
    '3',
    '--json',
    '--strategy',
    'margin',
    '--strategy',
    'threshold',
    ...small,
  ]);
  assert.equal(code, 0, io.err);
  const outcomes = io.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SamplingOutcome);
  const named = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  assert.equal(outcomes[0].name, 'low-confidence, 1 a step, block 4');
  for (const { trials, exact } of outcomes) {
    assert.equal(trials, 3);
    assert.equal(exact, 2 / 3);
  }
  assert.equal(named.get('margin, 1 a step, block 4')!.tokensPerForward, 1);
  assert.equal(named.get('margin, 2 a step, block 4')!.tokensPerForward, 2);
  assert.equal(named.get('margin, 4 a step, block 4')!.tokensPerForward, 4);
  // a model that knows the text is sure of it
  assert.equal(named.get('threshold, tau 0.5, block 4')!.tokensPerForward, 4);
  // the fake scores every token alike: ln V
  for (const { natsPerToken } of outcomes) assert.ok(Math.abs(natsPerToken - Math.log(258)) < 1e-5);
});

test('texts are cut to their first words; the table names what is fastest, and the chart is written', async (t) => {
  const { code, io, folder } = await bench(t, (folder) => [
    'sample',
    join(folder, 'texts.txt'),
    '--count',
    '3',
    '--words',
    '2',
    '--strategy',
    'threshold',
    '--svg',
    join(folder, 'chart.svg'),
    ...small,
  ]);
  assert.equal(code, 0, io.err);
  assert.match(io.out, /^ +tokens a forward +tokens\/s +nats a token +±\n/);
  assert.match(io.out, /fastest within one standard error of “low-confidence, 1 a step, block 4”: threshold/);
  assert.match(await readFile(join(folder, 'chart.svg'), 'utf8'), /^<svg /);
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
    '--count',
    '3',
    '--length',
    '8',
    '--block-length',
    '9',
  ]);
  assert.equal(odd.code, 2);
  assert.match(odd.io.err, /--block-length: must be from 1 to the 8 masked tokens, got 9/);
});

test('a row without an answer leaves the others with theirs', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'rows.jsonl');
  await writeFile(
    path,
    '{"prompt":"a","answer":"1"}\n{"answer":"2"}\n{"prompt":"b"}\n{"prompt":"c","answer":"3"}\n',
  );
  assert.deepEqual(await readTasks(path, 3, 8), [
    { prompt: 'a', answer: '1' },
    { prompt: 'b', answer: undefined },
    { prompt: 'c', answer: '3' },
  ]);
});
