import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatAnswers, modelThatKnows } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import type { Model } from '../../language-model/language-model.ts';
import { chatCommand } from './chat.ts';
import type { Io } from '../command.ts';
import { runProgram } from '../program.ts';

/** Answers how many questions it sees, and the last of them. */
const counting = (given: string): string => {
  const questions = [...given.matchAll(/\[user\] (.*)\n/g)].map(([, question]) => question);
  const system = /\[system\] (.*)\n/.exec(given)?.[1];
  return `${questions.length} ${questions.at(-1)}${system ? ` (${system})` : ''}`;
};

function run(model: Model, args: string[], io: Io): Promise<number> {
  const command = chatCommand(async () => model);
  return runProgram(['chat', ...args], io, { chat: async () => ({ default: command }) }, '0');
}
const short = ['--length', '48', '--steps', '4', '--frame-ms', '0'];

test('piped, each line is a turn and each answer is printed as plain text', async () => {
  const model = modelThatAnswers(counting);
  const io = fakeIo({ stdin: 'Hello\nAnd now?\n\n/system Be brief\nThird\n', env: { FORCE_COLOR: '1' } });
  assert.equal(await run(model, short, io), 0);
  assert.equal(io.out, '1 Hello\n2 And now?\n3 Third (Be brief)\n');
  assert.match(io.err, /12 tokens · 1 forwards · \d\.\d s · seed \d+/);
  assert.ok(model.closed);
});

test('with --json an answer is one line of JSON', async () => {
  const io = fakeIo({ stdin: 'Hello\nMore\n' });
  assert.equal(
    await run(modelThatAnswers(counting), [...short, '--json', '--seed', '5', '--system', 'S'], io),
    0,
  );
  const lines = io.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ role, content, seed, dropped }) => ({ role, content, seed, dropped })),
    [
      { role: 'assistant', content: '1 Hello (S)', seed: 5, dropped: 0 },
      { role: 'assistant', content: '2 More (S)', seed: 5, dropped: 0 },
    ],
  );
  assert.equal(io.err, '');
});

test('commands: undo, retry, clear, set', async () => {
  const io = fakeIo({
    stdin: 'a\nb\n/undo\nc\n/retry\n/clear\nd\n/set steps 2\n/set blockLength 24\n/set\n/exit\nnever\n',
  });
  assert.equal(await run(modelThatAnswers(counting), short, io), 0);
  assert.equal(io.out, '1 a\n2 b\n2 c\n2 c\n1 d\n');
  assert.match(io.err, /taken back: b\n/);
  assert.match(io.err, /length 48 · steps 2 · blockLength 24\n$/);
});

test('a conversation is saved, and another goes on with it', async (t) => {
  const path = join(await temporaryFolder(t), 'talk.json');
  const first = fakeIo({ stdin: `a\nb\n/save ${path}\n` });
  assert.equal(await run(modelThatAnswers(counting), [...short, '--system', 'S'], first), 0);
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: '1 a (S)' },
    { role: 'user', content: 'b' },
    { role: 'assistant', content: '2 b (S)' },
  ]);
  const second = fakeIo({ stdin: `/load ${path}\nc\n/save ${path}\n` });
  assert.equal(await run(modelThatAnswers(counting), short, second), 0);
  assert.equal(second.out, '3 c (S)\n');
  assert.match(second.err, /saved to .*talk\.json\n$/);
  // in the place of a conversation, and of no other file
  await writeFile(path, 'my notes');
  const third = fakeIo({ stdin: `a\n/save ${path}\n` });
  assert.equal(await run(modelThatAnswers(counting), short, third), 2);
  assert.match(third.err, /expected a new file, or one that \/save has written/);
  assert.equal(await readFile(path, 'utf8'), 'my notes');
  for (const [content, found] of [
    ['{', /expected a conversation as \/save writes it.*found .*JSON/],
    ['{}', /found something else/],
    [
      '[{"role": "user", "content": "a"}]',
      /expected questions \(user\) and answers \(assistant\) in turn, found user/,
    ],
  ] as const) {
    await writeFile(path, content);
    const io = fakeIo({ stdin: `/load ${path}\n` });
    assert.equal(await run(modelThatAnswers(counting), short, io), 2);
    assert.match(io.err, found);
  }
});

test('the oldest turns are left out when the conversation no longer fits, and it is said', async () => {
  const io = fakeIo({ stdin: 'one\ntwo\nthree\nfour\n' });
  assert.equal(
    await run(modelThatAnswers(counting, { maxLength: 110 }), ['--length', '40', '--steps', '4'], io),
    0,
  );
  assert.equal(io.out, '1 one\n2 two\n2 three\n2 four\n');
  assert.match(io.err, /the oldest turn is left out: the conversation no longer fits into 110 tokens\n/);
  assert.match(io.err, /the oldest 2 turns are left out/);
  const tooLong = fakeIo({ stdin: `${'x'.repeat(100)}\n` });
  assert.equal(await run(modelThatAnswers(counting, { maxLength: 110 }), ['--length', '40'], tooLong), 2);
  assert.match(tooLong.err, /^unmask chat: --length: must keep prompt and answer within .*\(110 tokens\)/);
});

test("a person's mistake in a pipe is one line and exit code 2", async () => {
  for (const [stdin, sentence] of [
    ['/nope\n', /^unmask chat: there is no command \/nope; \/help lists them\n$/],
    ['/set lenght 3\n', /^unmask chat: unknown option --lenght; did you mean --length\?\n$/],
    ['/set length few\n', /^unmask chat: --length: must be a number, got "few"\n$/],
    ['/retry\n', /^unmask chat: \/retry: nothing has been asked\n$/],
    ['/save\n', /^unmask chat: \/save needs the name of a file\n$/],
  ] as const) {
    const io = fakeIo({ stdin });
    assert.equal(await run(modelThatAnswers(counting), short, io), 2, stdin);
    assert.match(io.err, sentence);
  }
  const io = fakeIo();
  assert.equal(await run(modelThatKnows('a story'), ['--model', 'a-story'], io), 2);
  assert.match(io.err, /^unmask chat: a-story is no chat model: it has no chat template/);
});

/** A person at a terminal. */
function person(model: Model, args: string[] = short) {
  const terminal = new FakeTerminal(60, 16);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const io: Io = { ...fakeIo({ terminal }), stdin, stderr: terminal };
  const left = run(model, args, io);
  const until = async (shows: (lines: readonly string[]) => boolean): Promise<void> => {
    for (
      const begin = performance.now();
      !shows(terminal.lines);
      await new Promise((done) => setTimeout(done, 5))
    )
      if (performance.now() - begin > 10_000) assert.fail(terminal.lines.join('\n'));
  };
  const prompt = () => until((lines) => lines.at(-1) === '>');
  return { terminal, left, until, prompt, type: (keys: string) => void stdin.write(keys) };
}

test('a conversation from a file moves no cursor', async (t) => {
  const path = join(await temporaryFolder(t), 'talk.json');
  const turns = [
    { role: 'user', content: 'a\x1b[2Jb' },
    { role: 'assistant', content: 'c' },
  ];
  await writeFile(path, JSON.stringify(turns));
  const io = fakeIo({ stdin: `/load ${path}\n/undo\n` });
  assert.equal(await run(modelThatAnswers(counting), short, io), 0);
  assert.match(io.err, /taken back: a␛\[2Jb\n$/);
});

test('on a terminal: answers in place, mistakes are told, Ctrl-D leaves', async () => {
  const { terminal, left, prompt, type } = person(modelThatAnswers(counting), [...short, '--seed', '1']);
  await prompt();
  type('Hello\r');
  await prompt();
  type('/nope\r');
  await prompt();
  type('one line\rtwo lines\r'); // pasted
  await prompt();
  type('\x04');
  assert.equal(await left, 0);
  assert.deepEqual(
    terminal.lines.map((line) => line.replace(/\d\.\d s/, '_ s')),
    [
      'talk, the model that ships',
      'small: it tells stories about what you name, and knows',
      'nothing else · remembers 4,096 tokens',
      '/help lists the commands · Ctrl-C stops an answer',
      'Ctrl-D leaves',
      '> Hello',
      '1 Hello',
      '12 tokens · 1 forwards · _ s · seed 1',
      '> /nope',
      'there is no command /nope; /help lists them',
      '> one line',
      'two lines',
      '2 one line',
      '12 tokens · 1 forwards · _ s · seed 1',
      '>',
    ],
  );
});

test('Ctrl-C stops an answer and keeps the conversation', async () => {
  let forwards = 0;
  let stop: () => void = () => {};
  const model = modelThatAnswers(counting, { onForward: () => ++forwards === 6 && stop() });
  const { terminal, left, prompt, type, until } = person(model, [...short, '--no-stop-early']);
  stop = () => type('\x03');
  await prompt();
  type('a\r');
  await prompt();
  type('b\r');
  await until((lines) => lines.includes('stopped; /retry asks again'));
  await prompt();
  assert.ok(terminal.cursorShown);
  type('/retry\r');
  await until((lines) => lines.includes('2 b'));
  await prompt();
  type('half a line\x03');
  await until((lines) => lines.at(-1) === '>' && lines.at(-2) === '> half a line^C');
  type('/exit\r');
  assert.equal(await left, 0);
});
