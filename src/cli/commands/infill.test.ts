import assert from 'node:assert/strict';
import { chmod, lstat, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { byteTokenizer, fakeIds, modelThatKnows, modelThatSays } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Io } from '../command.ts';
import { infillCommand } from './infill.ts';
import { runProgram } from '../program.ts';

function run(model: Model, args: string[], io: Io): Promise<number> {
  const command = infillCommand(async () => model);
  return runProgram(['infill', ...args], io, { infill: async () => ({ default: command }) }, '0');
}

const writingX = () => modelThatSays(() => ({ id: fakeIds.byte(120), logit: 9 }));

test('stdout has the text with its holes filled, and every other byte as it was', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [text, expected] of [
    ['a {{2}}\r\nb\tc {{1}}', 'a xx\r\nb\tc x'],
    ['\ufeffa{{1}}\n', '\ufeffax\n'],
    ['é{{3}}😀\n\n', 'éxxx😀\n\n'],
    ['{{{{}}{{1}}', '{{x'],
  ]) {
    const path = join(folder, 'text.txt');
    await writeFile(path, text);
    for (const [file, stdin] of [
      [path, ''],
      ['-', text],
    ]) {
      const io = fakeIo({ stdin });
      assert.equal(await run(writingX(), [file, '--seed', '3'], io), 0, io.err);
      assert.equal(io.out, expected);
      assert.match(
        io.err,
        /seed 3 · \d tokens? in \d forwards? .* · (a hole of 1 token|a hole of \d+ tokens|holes of [\d, ]+ tokens)\n/,
      );
    }
  }
});

test('in place, a file is written as a whole, with its rights, behind a link too', async (t) => {
  const folder = await temporaryFolder(t);
  const [path, link] = [join(folder, 'text.txt'), join(folder, 'link.txt')];
  await writeFile(path, 'a {{2}}\r\n');
  await chmod(path, 0o600);
  await symlink(path, link);
  const io = fakeIo();
  assert.equal(await run(writingX(), [link, '--in-place'], io), 0, io.err);
  assert.equal(io.out, '');
  assert.equal(await readFile(path, 'utf8'), 'a xx\r\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.ok((await lstat(link)).isSymbolicLink());
});

test('a file that changed meanwhile is left as it is', async (t) => {
  const path = join(await temporaryFolder(t), 'text.txt');
  await writeFile(path, 'a {{2}}');
  let written: Promise<void> | undefined;
  const model = modelThatSays(() => ({ id: fakeIds.byte(120), logit: 9 }), {
    onForward: () => (written ??= writeFile(path, 'something else')),
  });
  const io = fakeIo();
  assert.equal(await run(model, [path, '--in-place', '--temperature', '1'], io), 2);
  await written;
  assert.match(
    io.err,
    /text\.txt: expected the text that was read, found another one; it was changed meanwhile/,
  );
  assert.equal(await readFile(path, 'utf8'), 'something else');
});

test('what cannot be written in place is said of the file, and nothing is left beside it', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'x'.repeat(250)); // no room for the name of a file beside it
  await writeFile(path, 'a {{2}}');
  const io = fakeIo();
  assert.equal(await run(writingX(), [path, '--in-place'], io), 2);
  assert.match(io.err, /x: expected a file that can be written, found a name that is too long/);
  assert.equal(await readFile(path, 'utf8'), 'a {{2}}');
});

test('--json is one line with the text, the holes and what they cost', async () => {
  const io = fakeIo({ stdin: 'a {{2}} b {{1..3}}!' });
  assert.equal(await run(writingX(), ['-', '--json', '--seed', '5'], io), 0, io.err);
  const { seed, text, holes, searched, stats } = JSON.parse(io.out);
  assert.equal(io.out.split('\n').length, 2);
  assert.deepEqual([seed, holes.length, holes[0].text], [5, 2, 'xx']);
  assert.equal(text, `a xx b ${holes[1].text}!`);
  assert.ok(searched > 0 && stats.forwards > 0);
});

test('on a terminal the holes are filled in place, and the whole text stays, made visible', async () => {
  const known = 'The cat\u0007 sat on the mat.';
  const terminal = new FakeTerminal(40, 10);
  const screens: string[][] = [];
  const model = modelThatKnows(known, () => screens.push(terminal.lines));
  const io = fakeIo({ stdin: 'The {{4}} sat on {{7}}.', terminal });
  assert.equal(await run(model, ['-', '--frame-ms', '0', '--temperature', '0'], io), 0, io.err);
  assert.match(screens[0][0], /^The ░+ sat on ░+\.$/);
  assert.deepEqual(terminal.lines, ['The cat␇ sat on the mat.']);
  assert.ok(terminal.cursorShown && model.closed);
});

test("a person's mistakes are one sentence, and the network doesn't run", async (t) => {
  const folder = await temporaryFolder(t);
  const latin1 = join(folder, 'latin1.txt');
  await writeFile(latin1, Buffer.from([0x63, 0xe9, 0x7b, 0x7b, 0x31, 0x7d, 0x7d]));
  const mistakes: [string[], string, RegExp][] = [
    [['-'], 'no hole', /^unmask infill: there is no hole in the text; write /],
    [['-'], 'a\n {{x}}', /^unmask infill: line 2, column 2: "{{x}}" is no hole; write /],
    [
      ['-'],
      '{{5}}',
      /^unmask infill: line 1, column 1: there must be text beside the holes; to write from nothing, unmask generate/,
    ],
    [
      ['-'],
      'a{{5000}}',
      /^unmask infill: line 1, column 2: "\{\{5000}}" must leave room for text beside it .*\(4096 tokens\)$/m,
    ],
    [['-', '--expand'], 'a{{?}}b', /^unmask infill: --expand: needs a model with the token <\|expand\|>/],
    [['-', '--in-place'], 'a{{5}}', /^unmask infill: --in-place needs a file, and - is stdin/],
    [['-', '--hole', '4['], 'a{{5}}', /^unmask infill: --hole: must be an opening like/],
    [['-', '--tau', '0.5'], 'a{{5}}', /^unmask infill: --tau: is for the strategies/],
    [[], '', /^unmask infill: --file is needed/],
    [[latin1], '', /latin1\.txt: expected text in UTF-8, found other bytes; convert it/],
    [[join(folder, 'none.txt')], '', /none\.txt: no such file or directory/],
    [[folder], '', /: expected a file of text, found a directory; check the path\n$/],
  ];
  for (const [args, stdin, sentence] of mistakes) {
    const io = fakeIo({ stdin });
    const model = modelThatSays(() => assert.fail('the network ran'));
    assert.equal(await run(model, args, io), 2, `${args.join(' ')}: ${io.err}`);
    assert.match(io.err, sentence);
    assert.equal(io.out, '');
  }
});

test('colours of a token move with it when a hole is resized', async () => {
  const expandId = 258;
  const tokenizer = {
    ...byteTokenizer,
    vocabularySize: 259,
    specialTokens: new Map([...byteTokenizer.specialTokens, ['<|expand|>', expandId]]),
  };
  const model = modelThatSays(
    (xt, i) =>
      xt.length < 9 && i === xt.length - 2
        ? { id: expandId, logit: 9 }
        : { id: fakeIds.byte(121), logit: 12 },
    { tokenizer },
  );
  const terminal = new FakeTerminal(40, 10);
  const io = fakeIo({ stdin: '({{?}})', terminal });
  assert.equal(await run(model, ['-', '--frame-ms', '0'], io), 0, io.err);
  assert.deepEqual(terminal.lines, ['(yyyyyyy)']);
});
