import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

function start(args: readonly string[], stdin = ''): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], { stdio: 'pipe' });
  child.stdin!.end(stdin);
  return child;
}

/** In a process of its own, through pipes. */
async function runProcess(args: readonly string[], stdin?: string) {
  const child = start(args, stdin);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ]);
  return { code: code as number, out, err };
}

test('the program writes, scores and inspects with a model directory', async (t) => {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'tiny');
  await writeTinyModel(model);

  await t.test('generate', async () => {
    const args = ['generate', '--model', model, '-', '--length', '12', '--temperature', '1', '--seed', '4'];
    const { code, out, err } = await runProcess(args, 'A dog\n');
    assert.deepEqual([code, out.slice(0, 5), out.at(-1)], [0, 'A dog', '\n']);
    assert.match(err, /^seed 4 · /);
    assert.equal((await runCommand(args, { stdin: 'A dog' })).out, out);
  });

  await t.test('score', async () => {
    const { code, out } = await runCommand(['score', 'A dog ran', '--model', model, '--samples', '16']);
    assert.equal(code, 0);
    assert.match(
      out,
      /^-log p ≤ [\d.]+ ± [\d.]+ nats\n[\d.]+ nats a token, [\d.]+ bits a byte\n9 tokens, 9 bytes; 16 forwards\n$/,
    );
    const json = JSON.parse(
      (
        await runCommand(['score', '-', '--model', model, '--samples', '16', '--json'], {
          stdin: 'A dog ran',
        })
      ).out,
    );
    assert.ok(Math.abs(json.nats - Number(/[\d.]+/.exec(out)![0])) < 0.006);
  });

  await t.test('inspect', async () => {
    const { code, out } = await runCommand(['inspect', model]);
    assert.equal(code, 0);
    assert.match(out, /^path {8}.*\nfamily {6}LLaDAModelLM, bidirectional\nparameters {2}\d+,\d+\n/);
    const json = JSON.parse((await runCommand(['inspect', model, '--json', '--tensors'])).out);
    assert.equal(json.weightBytes, 4 * json.parameters);
    assert.equal(json.tensors.length, 2 * 9 + 2);
    assert.equal(json.maskToken, '<|mask|>');
    const { f32, f16, int8, int4 } = json.memoryBytes;
    assert.ok(f32 === json.weightBytes && f16 < f32 && int8 < f32 && int4 < int8, out);
  });

  await t.test('quantize, and the weights of the others', async () => {
    const args = [
      'generate',
      '--model',
      model,
      'A dog',
      '--length',
      '12',
      '--temperature',
      '1',
      '--seed',
      '4',
    ];
    const plain = (await runCommand(args)).out;
    const first = await runCommand([...args, '--weights', 'int4']);
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /^quantising the weights\nseed 4 · /);
    assert.notEqual(first.out, plain);
    const second = await runCommand([...args, '--weights', 'int4']);
    assert.equal(second.out, first.out);
    assert.match(second.err, /^seed 4 · /);

    const text = join(folder, 'text.txt');
    await writeFile(text, 'A dog ran, and a bird sang. '.repeat(8));
    const { code, out, err } = await runCommand(['quantize', model, '--weights', 'int4', '--text', text]);
    assert.deepEqual([code, err], [0, 'quantising the weights\n']);
    const lines =
      /^written {5}.*unmask-int4\nweights {5}int4, .*\nerror {7}\d+\.\d\d % .*\nworst .*\npredictions KL /;
    assert.match(out, lines);
    assert.equal((await runCommand([...args, '--weights', 'int4'])).out, first.out);

    const elsewhere = join(folder, 'int8');
    const options = ['--weights', 'int8', '--out', elsewhere, '--json'];
    const json = JSON.parse((await runCommand(['quantize', model, ...options, '--no-compare'])).out);
    assert.equal(json.path, elsewhere);
    assert.ok(json.error.overall > 0 && json.error.overall < 0.02 && json.predictions === undefined);
    const score = ['score', 'A dog ran', '--samples', '16', '--json'];
    const [ours, theirs] = [
      await runCommand([...score, '--model', elsewhere]),
      await runCommand([...score, '--model', model, '--weights', 'int8']),
    ];
    assert.equal(ours.out, theirs.out);
    assert.match(
      (await runCommand(['inspect', elsewhere])).out,
      /\nin memory {3}int8 [\d.]+ [kM]B\n {12}and about [\d.]+ [kM]B for a text of 64 tokens\nruns as {5}int8, in [\d.]+ [kM]B; opens in about \d+ s\n$/,
    );
    for (const [mistake, sentence] of [
      [['quantize', elsewhere, '--weights', 'int4'], /--model: must have weights in floats; .* int8, got/],
      [['quantize', model, ...options, '--no-compare'], /int8: expected a new or an empty directory, found/],
      [['quantize', model, '--weights', 'int3'], /--weights: must be one of f16, int8, int4/],
      [['quantize', model], /--weights is needed/],
      [
        ['generate', '--model', elsewhere, '--weights', 'f32'],
        /--weights: must be int8, as .* is stored, got "f32"/,
      ],
    ] as const) {
      const found = await runCommand(mistake);
      assert.deepEqual([found.code, found.out], [2, ''], found.err);
      assert.match(found.err, sentence);
      assert.equal(found.err.split('\n').length, 2, found.err);
    }
  });
});

test("every mistake of a person's is one line on stderr and exit code 2", async (t) => {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'tiny');
  await writeTinyModel(model);
  const latin1 = join(folder, 'latin1.txt');
  await writeFile(latin1, Buffer.from([0x63, 0x61, 0x66, 0xe9]));
  const mistakes: [string[], RegExp][] = [
    [['genrate'], /^unmask: unknown command "genrate"; did you mean generate\?/],
    [['generate', '--lenght', '3'], /^unmask generate: unknown option --lenght; did you mean --length\?/],
    [['generate', '--length', 'ten'], /^unmask generate: --length: must be a number, got "ten"/],
    [
      ['generate', '--length', '8', '--block-length', '9', '--model', model],
      /^unmask generate: --block-length: must be from 1 to the 8 masked tokens/,
    ],
    [
      ['generate', '--model', join(folder, 'nowhere')],
      /nowhere: expected a model directory with a config\.json, or a GGUF file, found nothing/,
    ],
    [
      ['generate', '--model', folder],
      /: expected a model directory with a config\.json, or a GGUF file, found none/,
    ],
    [['score', '--model', model], /^unmask score: there is no text to score/],
    [['score', 'a', '--file', 'b', '--model', model], /^unmask score: give a text or --file, not both/],
    [
      ['score', '--file', join(folder, 'none.txt'), '--model', model],
      /none\.txt: no such file or directory \(ENOENT\)/,
    ],
    [['score', '--file', latin1, '--model', model], /latin1\.txt: expected text in UTF-8, found other bytes/],
    [['inspect', latin1], /latin1\.txt: expected a GGUF file, found/],
    [['train'], /^unmask train: --data: a new run needs text/],
  ];
  for (const [i, [args, sentence]] of mistakes.entries()) {
    const { code, out, err } = i === 0 ? await runProcess(args) : await runCommand(args);
    assert.deepEqual([code, out], [2, ''], `${args.join(' ')}: ${err}`);
    assert.match(err, sentence);
    assert.equal(err.split('\n').length, 2, err);
  }
});

/** Takes long: so many steps, of which few reveal anything. */
const long = (steps: number): string[] =>
  `generate A --length 60 --strategy ancestral --no-stop-early --json --steps ${steps}`.split(' ');

test('Ctrl-C and SIGTERM end a long command with 130 and 143, without a word', async (t) => {
  const model = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(model);
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const child = start([...long(100_000), '--model', model]);
    await once(child.stdout!, 'data'); // it has begun
    child.kill(signal);
    child.stdout!.resume();
    const [err, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
    assert.deepEqual([code, err], [expected, '']);
  }
});

test('a reader that goes away ends the program without a word', async (t) => {
  const model = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(model);
  // the next frame that reveals something meets a closed pipe
  const child = start([...long(6000), '--model', model]);
  await once(child.stdout!, 'data');
  child.stdout!.destroy();
  const [err, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
  assert.deepEqual([code, err], [0, '']);
});
