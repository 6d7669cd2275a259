import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import type { Model } from '../../language-model/language-model.ts';
import { devices } from '../../runtime/device.ts';
import type { Io } from '../command.ts';
import { generateCommand } from './generate.ts';
import { modelOptions } from '../load-model.ts';
import { runProgram } from '../program.ts';

const story = 'Once upon a time there was a dog. It ran and ran, until it was at home.';

function run(model: Model, args: string[], io: Io): Promise<number> {
  const command = generateCommand(async () => model);
  return runProgram(['generate', ...args], io, { generate: async () => ({ default: command }) }, '0');
}

const short = ['--length', '64', '--steps', '16', '--frame-ms', '0'];

test('piped, stdout has the text and nothing else, whatever colours are asked for', async () => {
  for (const env of [{}, { FORCE_COLOR: '1' }]) {
    const io = fakeIo({ env });
    assert.equal(await run(modelThatKnows(story), ['Once upon', ...short, '--seed', '7'], io), 0);
    assert.equal(io.out, `${story}\n`);
    assert.match(
      stripVTControlCharacters(io.err),
      /^seed 7 · 6\d tokens in 1\d forwards \(\d\.\d a forward\)/,
    );
  }
});

test('how far a cache strays is told with the statistics, as JSON too', async () => {
  const knowing = modelThatKnows(story);
  const cache = { agreement: 0.975, meanKl: 0.01234, probes: 5 };
  const model: Model = {
    ...knowing,
    async generate({ reportCache, cache: asked, ...request }) {
      assert.deepEqual([reportCache, asked], [true, 'dual']);
      const generation = await knowing.generate(request);
      return { ...generation, stats: { ...generation.stats, cache } };
    },
  };
  const flags = ['', ...short, '--cache', 'dual', '--report-cache'];
  const text = fakeIo();
  assert.equal(await run(model, flags, text), 0);
  assert.match(text.err, /cache: 97\.5% of the tokens as without it, KL 0\.012 nats over 5 predictions/);
  const json = fakeIo();
  assert.equal(await run(model, [...flags, '--json'], json), 0);
  assert.deepEqual(JSON.parse(json.err).stats.cache, cache);
});

test('a control character in the text is kept in a pipe and made visible on a terminal', async () => {
  const text = 'a\x1b[31mb\x07c';
  const io = fakeIo();
  await run(modelThatKnows(text), ['', '--length', '16'], io);
  assert.equal(io.out, `${text}\n`);
  const terminal = new FakeTerminal(40, 10);
  await run(modelThatKnows(text), ['', '--length', '16', '--frame-ms', '0'], fakeIo({ terminal }));
  assert.deepEqual(terminal.lines, ['a␛[31mb␇c']);
});

test('on a terminal the canvas is unmasked in place, and the text stays', async () => {
  const terminal = new FakeTerminal(40, 12);
  terminal.write('$ unmask generate\r\n');
  const screens: string[][] = [];
  const model = modelThatKnows(story, () => screens.push(terminal.lines));
  assert.equal(await run(model, ['Once upon', ...short], fakeIo({ terminal })), 0);

  assert.deepEqual(screens[0].slice(0, 3), [
    '$ unmask generate',
    `Once upon${'░'.repeat(30)}`,
    '░'.repeat(34),
  ]);
  const masks = screens.map((lines) => (lines.slice(0, -1).join('').match(/[░▒▓]/g) ?? []).length);
  for (let i = 1; i < masks.length; i++) assert.ok(masks[i] < masks[i - 1], `masks: ${masks.join(' ')}`);
  assert.deepEqual(terminal.lines, [
    '$ unmask generate',
    'Once upon a time there was a dog. It',
    'ran and ran, until it was at home.',
  ]);
  assert.ok(terminal.cursorShown);
  assert.ok(model.closed);
});

test('the status line tells how much of the whole text is unmasked, and its bar grows', async () => {
  const terminal = new FakeTerminal(90, 12);
  const status: string[] = [];
  const model = modelThatKnows(story, () => status.push(terminal.lines.at(-1)!));
  await run(model, ['Once upon', ...short, '--no-stop-early'], fakeIo({ terminal }));
  assert.match(status[0], /^0 of 64 tokens ─{20} step 0 of 16 {3}guess unsure likely sure$/);
  assert.match(status[8], /^32 of 64 tokens ━{10}─{10} step 8 of 16 /);
});

test('confidence is told by colour, and by none with NO_COLOR', async () => {
  const coloured = new FakeTerminal(60, 12);
  await run(modelThatKnows(story), ['Once upon', ...short], fakeIo({ terminal: coloured }));
  for (const code of ['\x1b[1mO', '\x1b[36m', '\x1b[33m'])
    assert.ok(coloured.raw.includes(code), JSON.stringify(code));
  const plain = new FakeTerminal(60, 12);
  await run(
    modelThatKnows(story),
    ['Once upon', ...short],
    fakeIo({ terminal: plain, env: { NO_COLOR: '1' } }),
  );
  assert.ok(!/\[\d+m/.test(plain.raw));
  assert.deepEqual(plain.lines, coloured.lines);
});

test('a text longer than the screen scrolls nothing while it is written, and stands whole at the end', async () => {
  const long = Array.from({ length: 60 }, (_, i) => `Line ${i} of the story.`).join('\n');
  const terminal = new FakeTerminal(30, 8);
  terminal.write('$ unmask\r\n');
  const scrolled: number[] = [];
  const model = modelThatKnows(long, () => scrolled.push(terminal.scrolled.length));
  const length = String(Buffer.byteLength(long));
  await run(model, ['', '--length', length, '--steps', '20', '--frame-ms', '0'], fakeIo({ terminal }));
  assert.ok(
    scrolled.every((lines) => lines <= 1),
    `scrolled: ${scrolled.join(' ')}`,
  );
  assert.deepEqual([...terminal.scrolled, ...terminal.lines], ['$ unmask', ...long.split('\n')]);
});

test('every terminal shows the same text at the end, down to two columns and two rows', async () => {
  const text = 'Ein kurzer Text, 中文字 und 😀 é.';
  const sizes = [
    [2, 2],
    [4, 2],
    [4, 24],
    [5, 3],
    [10, 2],
    [17, 3],
    [80, 2],
    [80, 24],
  ];
  for (const [columns, rows] of sizes) {
    const terminal = new FakeTerminal(columns, rows);
    const length = String(Buffer.byteLength(text));
    await run(
      modelThatKnows(text),
      ['', '--length', length, '--steps', '16', '--frame-ms', '0'],
      fakeIo({ terminal }),
    );
    const whole = [...terminal.scrolled, ...terminal.lines].join('').replaceAll(' ', '');
    assert.equal(whole, text.replaceAll(' ', ''), `${columns} × ${rows}`);
  }
});

test('Ctrl-C gives the terminal back with the canvas as it was, and ends with 130', async () => {
  const terminal = new FakeTerminal(40, 12);
  const interrupt = new AbortController();
  let forwards = 0;
  const model = modelThatKnows(story, () => {
    if (++forwards === 5) interrupt.abort(new DOMException('interrupted', 'AbortError'));
  });
  const io = fakeIo({ terminal, signal: interrupt.signal });
  assert.equal(await run(model, ['Once upon', ...short], io), 130);
  assert.ok(terminal.cursorShown);
  assert.match(terminal.lines.join('\n'), /^Once upon[^]*░[^]*step \d/);
  assert.equal(io.err, '');
  assert.ok(model.closed);
});

test('--json prints one line a frame, from all masks to the text', async () => {
  const io = fakeIo();
  await run(modelThatKnows(story), ['Once upon', ...short, '--json', '--seed', '3', '--no-stop-early'], io);
  const frames = io.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(frames.length, 17);
  assert.deepEqual(
    frames.map(({ step }) => step),
    Array.from({ length: 17 }, (_, i) => i),
  );
  assert.deepEqual([frames[0].t, frames[0].text, frames[0].changed], [1, 'Once upon', []]);
  assert.ok(frames[0].confidence.every((p: unknown) => p === null));
  assert.deepEqual([frames[16].t, frames[16].text], [0, story]);
  assert.equal(frames[16].tokens.length, 9 + 64);
  assert.ok(frames.slice(1).every(({ changed }) => changed.length === 4));
  const { seed, stats } = JSON.parse(io.err);
  assert.deepEqual([seed, stats.forwards, stats.tokens], [3, 16, 64]);
});

test('a dash reads the prompt from stdin, without its last line feed', async () => {
  const io = fakeIo({ stdin: 'Once upon\n' });
  await run(modelThatKnows(story), ['-', ...short], io);
  assert.equal(io.out, `${story}\n`);
});

test('without a seed a new one is drawn and printed, so that the text can be had again', async () => {
  const seeds = [fakeIo(), fakeIo(), fakeIo()];
  for (const io of seeds) await run(modelThatKnows(story), ['', ...short], io);
  const numbers = seeds.map(({ err }) => /seed (\d+)/.exec(err)?.[1]);
  assert.equal(new Set(numbers).size, 3, numbers.join(' '));
});

test("a person's mistakes are one sentence that names the flag", async () => {
  const mistakes: [string[], RegExp][] = [
    [
      ['--block-length', '9', '--length', '8'],
      /^unmask generate: --block-length: must be from 1 to .*\b8\b.*, got 9\n$/,
    ],
    [
      ['--length', '99999'],
      /^unmask generate: --length: must keep prompt and answer within .*\(4096 tokens\), got /,
    ],
    [
      ['--tau', '0.5'],
      /^unmask generate: --tau: is for the strategies threshold, .*, not for low-confidence, got 0\.5\n$/,
    ],
    [
      ['--steps', '1', '--block-length', '4', '--length', '8'],
      /^unmask generate: --steps: must be at least one for each of the 2 blocks, got 1\n$/,
    ],
    [['two', 'words'], /^unmask generate: unexpected "words"; quote a text of several words\n$/],
  ];
  for (const [args, sentence] of mistakes) {
    const io = fakeIo();
    assert.equal(await run(modelThatKnows(story), args, io), 2, args.join(' '));
    assert.match(io.err, sentence);
    assert.equal(io.out, '');
  }
});

test('the devices that can be asked for are those that there are', () => {
  assert.deepEqual(modelOptions.device.unwrap().options, [...devices]);
});

test('a JSON schema in a file and a regular expression decide what is written', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'unmask-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'schema.json');
  const written = async (args: string[]): Promise<[code: number, out: string, err: string]> => {
    const io = fakeIo();
    const model = modelThatKnows('x{"a":70,"b":"no"}');
    return [await run(model, ['x', '--length', '24', '--steps', '4', ...args], io), io.out, io.err];
  };
  writeFileSync(
    path,
    JSON.stringify({
      type: 'object',
      properties: { a: { type: 'integer', maximum: 9 }, b: { enum: ['no', 'yes'] } },
      required: ['a', 'b'],
    }),
  );
  assert.deepEqual((await written(['--json-schema', path])).slice(0, 2), [0, 'x{"a": 0,"b":"no"}\n']);
  assert.deepEqual((await written(['--regex', '\\{"[ab]":\\d{2},'])).slice(0, 2), [0, 'x{"a":70,\n']);

  const [code, out, err] = await written(['--json-schema', path, '--length', '4']);
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^unmask generate: --length: must be at least 1\d tokens, which the shortest text takes/);
  writeFileSync(path, '{"type": "string", "not": {"type": "null"}}');
  assert.match(
    (await written(['--json-schema', path]))[2],
    /^unmask generate: jsonSchema: # has the keyword not, which isn't supported/m,
  );
  writeFileSync(path, '[]');
  assert.match(
    (await written(['--json-schema', path]))[2],
    /schema\.json: expected an object in JSON, found a list$/m,
  );
  writeFileSync(path, '{"type": ');
  assert.match((await written(['--json-schema', path]))[2], /schema\.json: expected JSON, found /);
  assert.match((await written(['--json-schema', join(directory, 'none')]))[2], /none: no such file/);
});
