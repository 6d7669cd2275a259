import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { FileError, InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import type { Command, Io } from './command.ts';
import { type CommandTable, runProgram } from './program.ts';
import { shapeOf } from './work-messages.ts';

const command = (run: Command['run']): CommandTable => ({
  generate: async () => ({
    default: { summary: 'Writes', options: z.strictObject({ blockLength: z.int().default(1) }), run },
  }),
});

async function run(args: string[], commands: CommandTable, signal = new AbortController().signal) {
  const written = { out: '', err: '' };
  const io: Io = {
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env: {},
    signal,
  };
  return { code: await runProgram(args, io, commands, '1.2.3'), ...written };
}

const throwing = (error: unknown) =>
  command(async () => {
    throw error;
  });

test('exit codes and sentences, by what a command throws', async (t) => {
  const system = Object.assign(new Error("ENOSPC: no space left on device, write 'x'"), {
    code: 'ENOSPC',
    syscall: 'write',
    path: 'runs/a/x',
  });
  const cases: [name: string, error: unknown, code: number, stderr: RegExp][] = [
    [
      'an option of this command',
      new InvalidOptionError('blockLength', 'must divide length (8)', 3),
      2,
      /^unmask generate: --block-length: must divide length \(8\), got 3\n$/,
    ],
    [
      'an option of another place',
      new InvalidOptionError('mask_token_id', 'must be in the vocabulary', 9),
      2,
      /^unmask generate: mask_token_id: must be in the vocabulary, got 9\n$/,
    ],
    [
      'a file',
      new FileError('m/config.json', 'a model', 'nothing', 'train one'),
      2,
      /^unmask generate: m\/config.json: expected a model, found nothing; train one\n$/,
    ],
    [
      'a reason that a file brings along',
      new InvalidOptionError(
        'messages',
        'must be as the template wants (\u001b]0;x\u0007\u009b2J\u202e)',
        [],
      ),
      2,
      /^unmask generate: messages: must be as the template wants \(␛\]0;x␇<9b>2J<202e>\), got \[\]\n$/,
    ],
    [
      'a thing that cannot be done',
      new UnsupportedError('no GPU here'),
      2,
      /^unmask generate: no GPU here\n$/,
    ],
    [
      'a failed system call',
      system,
      2,
      /^unmask generate: runs\/a\/x: no space left on device \(ENOSPC\)\n$/,
    ],
    [
      'an error with its own code',
      Object.assign(new Error('no valid checkpoint'), { exitCode: 3 }),
      3,
      /^unmask generate: no valid checkpoint\n$/,
    ],
    [
      'a bug',
      new TypeError('x is not a function'),
      1,
      /bug in unmask[^]*TypeError: x is not a function\n\s+at /,
    ],
    ['a thrown string', 'oops', 1, /bug in unmask[^]*oops/],
  ];
  for (const [name, error, code, stderr] of cases) {
    await t.test(name, async () => {
      const result = await run(['generate'], throwing(error));
      assert.equal(result.code, code);
      assert.match(result.err, stderr);
      assert.equal(result.out, '');
    });
  }
});

test('a command that returns ends with 0, or with the number that it returns', async () => {
  assert.equal(
    (
      await run(
        ['generate'],
        command(async () => {}),
      )
    ).code,
    0,
  );
  assert.equal(
    (
      await run(
        ['generate'],
        command(async () => 7),
      )
    ).code,
    7,
  );
});

test('an interrupted command ends with 130 and says nothing, one that saved ends with 0', async () => {
  const abort = new AbortController();
  abort.abort(new DOMException('interrupted', 'AbortError'));
  const stopped = await run(
    ['generate'],
    command(async (_, io) => io.signal.throwIfAborted()),
    abort.signal,
  );
  assert.deepEqual(stopped, { code: 130, out: '', err: '' });
  assert.equal(
    (
      await run(
        ['generate'],
        command(async () => {}),
        abort.signal,
      )
    ).code,
    0,
  );
  const failed = await run(['generate'], throwing(new TypeError('x')), abort.signal);
  assert.equal(failed.code, 1, 'a bug after Ctrl-C is still a bug');
});

test('an abort that nobody asked for is a bug', async () => {
  assert.equal((await run(['generate'], throwing(new DOMException('?', 'AbortError')))).code, 1);
});

test('an unknown command suggests the nearest one and ends with 2', async () => {
  const { code, err } = await run(
    ['genrate'],
    command(async () => {}),
  );
  assert.equal(code, 2);
  assert.equal(err, 'unmask: unknown command "genrate"; did you mean generate?\n');
  assert.equal(
    (
      await run(
        ['toString'],
        command(async () => {}),
      )
    ).code,
    2,
  );
});

test('an unknown option ends with 2 before the command runs', async () => {
  const { code, err } = await run(['generate', '--blok-length', '3'], throwing(new Error('it ran')));
  assert.equal(code, 2);
  assert.equal(err, 'unmask generate: unknown option --blok-length; did you mean --block-length?\n');
});

test('help and version go to stdout and end with 0', async () => {
  const table = throwing(new Error('it ran'));
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await run(args, table);
    assert.equal(code, 0);
    assert.match(out, /^unmask <command>[^]*generate +Writes/);
  }
  for (const args of [
    ['generate', '--help'],
    ['help', 'generate'],
    ['generate', '--block-length', '-h'],
  ]) {
    const { code, out } = await run(args, table);
    assert.equal(code, 0);
    assert.match(out, /^unmask generate \[options\][^]*--block-length <n>/);
  }
  assert.equal((await run(['--version'], table)).out, '1.2.3\n');
});

test('help shows the defaults that hold beside what the command line names, and the schema where those can not be read', async () => {
  const options = z.strictObject({
    model: z.string().optional().describe('a model'),
    length: z.int().default(128).describe('tokens'),
    json: z.boolean().default(false).describe('JSON'),
  });
  const defaults: Command['defaults'] = async (given) => {
    const model = given('model');
    if (model === 'none') throw new FileError(model, 'a model', 'none');
    if (model === 'bug') throw new TypeError('a bug');
    return { of: model ?? 'models/stories', values: { length: model === undefined ? 96 : 40 } };
  };
  const commands: CommandTable = {
    generate: async () => ({ default: { summary: 'Writes', options, defaults, async run() {} } }),
  };
  const help = async (...args: string[]): Promise<string> => (await run(['generate', ...args], commands)).out;
  assert.match(await help('--help'), /with the defaults of models\/stories\n[^]*tokens \[96\]/);
  assert.match(
    await help('--json', '--model', 'mine', '--help'),
    /with the defaults of mine\n[^]*tokens \[40\]/,
  );
  assert.match(await help('--model=mine', '-h'), /tokens \[40\]/);
  assert.match(await help('--model', 'none', '--help'), /Options\n[^]*tokens \[128\]/);
  await assert.rejects(help('--model', 'bug', '--help'), /a bug/);
});

test('of a terminal that does not know its size nothing is known', () => {
  assert.deepEqual(shapeOf({ isTTY: true, columns: 0, rows: 0 }), {
    isTTY: true,
    columns: undefined,
    rows: undefined,
  });
  assert.deepEqual(shapeOf({ isTTY: true, columns: 1, rows: 2 }), { isTTY: true, columns: 1, rows: 2 });
});
