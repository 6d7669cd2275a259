import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { byteTokenizer } from '../../../test/fake-model.ts';
import { runCommand } from '../../../test/run-command.ts';
import type { Model } from '../../language-model/language-model.ts';
import { causal } from '../../model/attention-pattern.ts';
import { shippedTasks } from '../shipped.ts';
import { isRight, passes } from './ask.ts';
import { openTask } from './definition.ts';
import { evaluate } from './evaluate.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-tasks-'));
after(() => rm(scratch, { recursive: true }));
const place = (name: string): string => join(scratch, name);
async function written(name: string, rows: readonly object[]): Promise<string> {
  await writeFile(place(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return place(name);
}

/** A model that likes what has an x in it, writes that, and fills holes with it. */
function model(asked: string[] = []): Model {
  const fake: Partial<Model> = {
    config: { attention: causal } as Model['config'],
    tokenizer: byteTokenizer,
    async score({ prompt = '', answer }) {
      asked.push(prompt + answer);
      const nats = answer.includes('x') ? 1 : answer.length;
      const bytes = Buffer.byteLength(answer);
      return { nats, tokens: bytes, bytes } as Awaited<ReturnType<Model['score']>>;
    },
    async generate({ prompt = '' }) {
      asked.push(prompt);
      return { text: `${prompt} x = 7\n` } as Awaited<ReturnType<Model['generate']>>;
    },
    async infill({ parts }) {
      const [before, hole, behind] = parts as [string, { length: number }, string];
      const text = 'x'.repeat(hole.length);
      return { text: before + text + behind, holes: [{ text }] } as unknown as Awaited<
        ReturnType<Model['infill']>
      >;
    },
    async close() {},
  };
  return fake as Model;
}

test('every task that ships is one, and what is none is a sentence', async () => {
  const names = (await readdir(shippedTasks)).flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? []);
  assert.ok(names.length >= 12);
  for (const name of names) assert.ok((await openTask(name)).summary.length > 10, name);
  await assert.rejects(openTask('gsm9k'), { message: /^task: must be a file, or one of .*gsm8k/ });
  await writeFile(place('bad.json'), '{"kind":"choice"}');
  await assert.rejects(openTask(place('bad.json')), { name: 'FileError', message: /summary/ });
  await writeFile(place('bad.json'), '{');
  await assert.rejects(openTask(place('bad.json')), { name: 'FileError', message: /JSON/ });
  await assert.rejects(openTask('/dev/zero'), /expected a regular file, found a device/);
});

test('multiple choice by hand: the likeliest is taken; an index, a letter and a text say which is right', async () => {
  const data = await written('choice.jsonl', [
    { question: 'A?', choices: ['axa', 'b'], answer: 0 },
    { question: 'B?', choices: ['b', 'xb'], answer: 'B' },
    { question: 'C?', choices: ['c', 'cx'], answer: 'c' },
  ]);
  const asked: string[] = [];
  const { measures, answers, questions } = await evaluate(model(asked), { task: 'multiple-choice', data });
  assert.equal(questions, 3);
  assert.ok(Math.abs(measures['accuracy'].mean - 2 / 3) < 1e-12);
  assert.ok(Math.abs(measures['accuracy'].standardError - 1 / 3) < 1e-12);
  assert.ok(answers.every(({ said }) => said!.includes('x')));
  const shown: string[] = [];
  await evaluate(model(shown), { task: 'multiple-choice', data, shots: 1 });
  assert.equal(new Set(shown).size, 4, 'two questions of two choices');
  assert.ok(shown.every((text) => /^Question: .\?\nAnswer: \w+\n\nQuestion: .\?\nAnswer: \w+$/.test(text)));
  await assert.rejects(evaluate(model(), { task: 'multiple-choice', data, shots: 3 }), {
    message: /^shots: must leave a question/,
  });
  const bad = await written('bad.jsonl', [{ question: 'A?', choices: ['a'], answer: 'Z' }]);
  await assert.rejects(evaluate(model(), { task: 'multiple-choice', data: bad }), {
    message: /doesn't say which of its choices is right/,
  });
});

test('by hand: the last number counts, a pattern may be the answer, a puzzle is solved by its rules', async () => {
  const number = { match: 'exact', extract: '(-?\\d+)' } as const;
  assert.ok(isRight(number, { prompt: '', said: 'so 3 and 4 are 7.', expected: 'It is\n#### 7' }));
  assert.ok(!isRight(number, { prompt: '', said: 'seven', expected: '7' }));
  assert.ok(isRight({ match: 'regex' }, { prompt: '', said: 'a big dog', expected: '\\b(big|small) dog' }));
  const sudoku = { match: 'exact', puzzle: 'sudoku-4' } as const;
  assert.ok(
    isRight(sudoku, { prompt: '3102200002100320', said: ' 3142243142131324', expected: 'not compared' }),
  );
  const data = await written('sums.jsonl', [
    { question: '3 + 4', answer: '7' },
    { question: '3 + 5', answer: '8' },
  ]);
  const { measures } = await evaluate(model(), { task: 'gsm8k', data });
  assert.equal(measures['right'].mean, 0.5);
  const { measures: again, answers } = await evaluate(model(), { task: 'gsm8k', data, seeds: 3 });
  assert.equal(answers.length, 6);
  assert.deepEqual(again, measures, 'more seeds of the same rows are no more rows');
});

test('holes are filled with as many tokens as are missing, and checked by what they are or by a command', async () => {
  const data = await written('holes.jsonl', [
    { prompt: 'a', suffix: 'b', canonical_solution: 'xxx' },
    { prompt: 'a', suffix: 'c', canonical_solution: 'xy' },
  ]);
  const exact = await evaluate(model(), { task: 'humaneval-infilling', data });
  assert.equal(exact.measures['right'].mean, 0.5);
  const checked = await evaluate(model(), { task: 'humaneval-infilling', data, check: 'grep -q axxc' });
  assert.deepEqual(checked.answers.map(({ right, expected }) => [expected, right]).sort(), [
    ['xxx', false],
    ['xy', true],
  ]);
  assert.equal(await passes('exit 3', 'x'), false);
  await assert.rejects(evaluate(model(), { task: 'gsm8k', data, check: 'true' }), {
    message: /^check: is for a task of infilling/,
  });
});

test('what texts cost by hand; a field that rows lack, and data that is missing, are told', async () => {
  const data = await written('texts.jsonl', [{ text: 'x234' }, { text: '123456' }]);
  const { measures } = await evaluate(model(), { task: 'perplexity', data });
  assert.ok(Math.abs(measures['nats a token'].mean - 7 / 10) < 1e-12);
  assert.ok(Math.abs(measures['bits a byte'].mean - 0.7 / Math.LN2) < 1e-12);
  assert.ok(Math.abs(measures['perplexity'].mean - Math.exp(0.7)) < 1e-12);
  await assert.rejects(evaluate(model(), { task: 'gsm8k', data }), {
    message: /a row without the field question/,
  });
  await assert.rejects(evaluate(model(), { task: 'gsm8k' }), {
    name: 'FileError',
    message: /the test set of GSM8K.*name it by --data/,
  });
});

test('rows that are no question are counted, by the measure and on stderr; none that is one is an error', async () => {
  const data = place('rows.jsonl');
  const rows = ['{"text":"a b c"}', '7', '{', '{"text":"d"}', '{"text":"e f g h"}'];
  await writeFile(data, rows.join('\n'));
  const { leftOut, questions } = await evaluate(model(), { task: 'lambada', data });
  assert.deepEqual([questions, leftOut], [2, 3]);
  await writeFile(data, '{"text":"d"}');
  await assert.rejects(evaluate(model(), { task: 'lambada', data }), {
    name: 'FileError',
    message: /rows whose text is of the pattern/,
  });
});

test('answers that are kept are not asked again, and are of one call alone', async () => {
  const data = await written(
    'more.jsonl',
    [1, 2, 3, 4].map((n) => ({ question: `${n}`, answer: '7' })),
  );
  const out = place('answers.jsonl');
  const request = { task: 'gsm8k', data, out };
  const first: string[] = [];
  await evaluate(model(first), { ...request, limit: 2 });
  await appendFile(out, '{"seed":0,"ques');
  const second: string[] = [];
  const all = await evaluate(model(second), { ...request, seeds: 2 });
  assert.deepEqual([first.length, second.length, all.answers.length], [2, 6, 8]);
  assert.equal((await readFile(out, 'utf8')).trim().split('\n').length, 9);
  for (const other of [{ shots: 1 }, { modelName: 'another' }])
    await assert.rejects(evaluate(model(), { ...request, ...other }), {
      message: /^out: has answers to other questions, or of another model/,
    });
  const puzzles = { task: 'sudoku-4', out: place('puzzles.jsonl'), limit: 1 };
  await evaluate(model(), puzzles);
  await assert.rejects(evaluate(model(), { ...puzzles, limit: 2 }), { message: /^out: has answers/ });
});

test('the command says what it is missing, and what is not for it', async () => {
  const wrong: [string[], RegExp][] = [
    [['evaluate', 'models/talk'], /say which task/],
    [['evaluate', 'claims', '--task', 'gsm8k'], /--task is for a model/],
    [
      ['evaluate', 'models/talk', '--budget', 'quick', '--task', 'gsm8k'],
      /--budget is for unmask evaluate claims/,
    ],
    [['evaluate', 'models/talk', '--task', 'nothing'], /one of .*countdown-3/],
    [['evaluate', 'claims', '--claims', 'a,z'], /must be letters of a, b, /],
  ];
  for (const [args, message] of wrong) {
    const { code, err } = await runCommand(args);
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
});
