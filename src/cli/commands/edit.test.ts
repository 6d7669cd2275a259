import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { byteTokenizer, fakeIds, isInPlace, modelThatSays } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Io } from '../command.ts';
import { editCommand } from './edit.ts';
import { runProgram } from '../program.ts';

function run(model: Model, args: string[], io: Io): Promise<number> {
  const command = editCommand(async () => model);
  return runProgram(['edit', ...args], io, { edit: async () => ({ default: command }) }, '0');
}

const good = 'The cat sat on the mat.\r\nThe dog lay on the rug.\r\nAll was well.';
const bad = good.replace('dog', 'pxq');
const knows = () => {
  const known = byteTokenizer.encode(good);
  return modelThatSays((xt, i) => ({
    id: known[i] ?? fakeIds.end,
    logit: isInPlace(xt, known) ? 12 : 3,
  }));
};

test('piped, stdout has the new text, byte by byte, or the diff, or one line of JSON', async () => {
  const plain = fakeIo({ stdin: bad, env: { FORCE_COLOR: '1' } });
  assert.equal(await run(knows(), ['-'], plain), 0, plain.err);
  assert.equal(plain.out, good);
  assert.match(plain.err, /1 stretch rewritten, 4\.\d % of its characters\n/);

  const diff = fakeIo({ stdin: bad });
  await run(knows(), ['-', '--diff'], diff);
  assert.deepEqual(diff.out.split('\n'), [
    '--- a/stdin',
    '+++ b/stdin',
    '@@ -1,3 +1,3 @@',
    ' The cat sat on the mat.\r',
    '-The pxq lay on the rug.\r',
    '+The dog lay on the rug.\r',
    ' All was well.',
    '\\ No newline at end of file',
    '',
  ]);

  const json = fakeIo({ stdin: bad });
  await run(knows(), ['-', '--json', '--seed', '4'], json);
  const { seed, text, changes, tokens } = JSON.parse(json.out);
  assert.deepEqual([seed, text, changes.length, tokens.length], [4, good, 1, bad.length]);
  assert.deepEqual([changes[0].before, changes[0].after], ['pxq', 'dog']);
});

test('a text without doubt is given as it is, with a sentence', async () => {
  const io = fakeIo({ stdin: good });
  assert.equal(await run(knows(), ['-'], io), 0);
  assert.equal(io.out, good);
  assert.match(
    io.err,
    /^nothing to change: the least likely is ".+" \(line 1, column 1\), with 1\.0, and the threshold is 0\.0003\n$/,
  );
  const capped = fakeIo({ stdin: bad });
  await run(knows(), ['-', '--max-change', '0.01'], capped);
  assert.match(
    capped.err,
    /^nothing was changed: 3 doubtful tokens in words that are more than --max-change 0\.01 of the text\n$/,
  );
});

test('what is marked, found or in some lines is rewritten, and nothing else', async () => {
  for (const [stdin, args, expected] of [
    [good.replace('cat', '[[xyz]]').replace('dog', 'pxq'), ['--mark', '[['], bad],
    [bad, ['--find', 'p.q'], good],
    [good.replace('dog lay', 'xxx xxx').replace('cat', 'xyz'), ['--lines', '2'], good.replace('cat', 'xyz')],
    [good.replaceAll('The', 'xxx'), ['--lines', '1-2', '--max-change', '1'], good],
  ] as [string, string[], string][]) {
    const io = fakeIo({ stdin });
    assert.equal(await run(knows(), ['-', ...args], io), 0, io.err);
    assert.equal(io.out, expected, args.join(' '));
  }
});

test('a dry run lists what would be rewritten, and shows the whole text on a terminal', async () => {
  const io = fakeIo({ stdin: bad });
  await run(knows(), ['-', '--dry-run'], io);
  assert.match(io.out, /^line 2, column 5: "pxq" [\d.e-]+\n$/);
  assert.equal(io.err, '1 stretch would be rewritten\n');
  const terminal = new FakeTerminal(60, 12);
  await run(knows(), ['-', '--dry-run'], fakeIo({ stdin: bad, terminal }));
  assert.equal(terminal.lines[1].slice(0, 11), 'The pxq lay');
  assert.equal(terminal.lines.at(-1), 'guess unsure likely sure   would be rewritten');
  assert.ok(terminal.raw.includes('\x1b[4m'), 'what would be rewritten is underlined');
});

test('a terminal shows the changes in colour, and a file is written in place', async (t) => {
  const path = join(await temporaryFolder(t), 'text.txt');
  await writeFile(path, bad);
  const terminal = new FakeTerminal(60, 12);
  assert.equal(await run(knows(), [path, '--frame-ms', '0'], fakeIo({ terminal })), 0);
  assert.ok(terminal.raw.includes('\x1b[32m+The dog lay'), terminal.raw.slice(-300));
  assert.ok(terminal.raw.includes('\x1b[31m-The pxq lay'));
  assert.equal(await readFile(path, 'utf8'), bad);
  const io = fakeIo();
  assert.equal(await run(knows(), [path, '--in-place'], io), 0);
  assert.deepEqual([io.out, await readFile(path, 'utf8')], ['', good]);
});

test("a person's mistakes are one sentence, and the network doesn't run", async () => {
  const mistakes: [string[], RegExp][] = [
    [
      ['-', '--lines', '9'],
      /^unmask edit: --lines: must be lines of the text, which has 3, such as 2 or 3-5, got "9"/,
    ],
    [['-', '--lines', '2-1'], /--lines: must be lines/],
    [['-', '--find', '('], /^unmask edit: --find: Invalid regular expression/],
    [['-', '--find', 'zzz'], /^unmask edit: --find: "zzz" matches nothing in the text/],
    [['-', '--mark', '[['], /^unmask edit: nothing is marked in the text/],
    [['-', '--find', 'a', '--lines', '2'], /^unmask edit: give one of --mark, --lines and --find/],
    [['-', '--find', 'a', '--threshold', '0.5'], /^unmask edit: --threshold: has no use/],
    [['-', '--in-place'], /--in-place needs a file/],
    [['-', '--diff', '--json'], /give --diff or --json, not both/],
    [['-', '--max-change', '2'], /^unmask edit: --max-change: must be at most 1/],
  ];
  for (const [args, sentence] of mistakes) {
    const io = fakeIo({ stdin: bad });
    const model = modelThatSays(() => assert.fail('the network ran'));
    assert.equal(await run(model, args, io), 2, `${args.join(' ')}: ${io.err}`);
    assert.match(io.err, sentence);
    assert.equal(io.out, '');
  }
});
