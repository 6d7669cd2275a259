import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../test/run-command.ts';

const program = fileURLToPath(new URL('../main.js', import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'unmask-train-'));
after(() => rm(scratch, { recursive: true }));
const text = join(scratch, 'text.txt');
await writeFile(text, 'the sun falls and a bird sings. '.repeat(200));
const out = join(scratch, 'run');

const options =
  '--tokenizer characters --packing stream --layers 1 --width 16 --heads 2 --hidden 24 --length 16 --batch 2 --threads 1 ' +
  '--validation-every 1000000 --sample-every 1000000 --checkpoint-every 1000000';

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `unmask train`, and sends it signals once it trains. */
function train(args: string, signals: readonly NodeJS.Signals[] = []): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'train', ...args.split(' ')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr, sent] = ['', '', false];
    child.stdout.on('data', (piece) => (stdout += String(piece)));
    child.stderr.on('data', (piece) => {
      stderr += String(piece);
      if (sent || !/\d\/[\d,]+ {2}loss/.test(stderr)) return;
      sent = true;
      // apart from each other: two that are still waiting count as one
      for (const [i, signal] of signals.entries()) setTimeout(() => child.kill(signal), 5 * i);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

test('Ctrl-C saves and ends with 130, a second one ends at once, SIGTERM saves and ends with 143, and the run goes on after each', async () => {
  const first = await train(`${text} --out ${out} --steps 100000 ${options}`, ['SIGINT']);
  assert.deepEqual([first.code, first.stdout], [130, '']);
  const stopped = Number(/stopped after step (\d+); unmask train --resume .* goes on/.exec(first.stderr)![1]);
  assert.ok(stopped >= 1);
  assert.deepEqual(await readdir(join(out, 'checkpoints')), [`step-${String(stopped).padStart(9, '0')}`]);
  assert.ok((await readdir(join(out, 'model'))).includes('config.json'));

  const twice = await train(`--resume ${out}`, ['SIGINT', 'SIGINT']);
  assert.ok(twice.signal === 'SIGINT' || twice.code === 130); // it may have been done before the second
  assert.match(twice.stderr, new RegExp(`goes on after step ${stopped}\n`));

  const term = await train(`--resume ${out}`, ['SIGTERM']);
  assert.equal(term.code, 143);
  const later = Number(/stopped after step (\d+)/.exec(term.stderr)![1]);
  assert.ok(later > stopped);

  const done = await train(`--resume ${out} --steps ${later + 5} --warmup 0`);
  assert.deepEqual([done.code, done.stdout], [0, `${join(out, 'model')}\n`]);
});

test('mistakes are one sentence and end with 2', async () => {
  const cases: [string, RegExp][] = [
    ['--size huge', /^unmask train: --size: must be one of nano, tiny, .*, got "huge"\n$/],
    [
      `${text} --heads 3 --out ${join(scratch, 'none')}`,
      /^unmask train: --heads: must divide width \(128\), got 3\n$/,
    ],
    [
      `${join(scratch, 'no.txt')} --out ${join(scratch, 'nothing')}`,
      /unmask train: .*no\.txt: expected a file or directory of text, found nothing there/,
    ],
    [
      `--resume ${join(scratch, 'no')}`,
      /^unmask train: .*no: expected a run directory with an options\.json, found none; .*\n$/,
    ],
    ['--size nano', /^unmask train: --data: a new run needs text: .*\n$/],
  ];
  for (const [args, sentence] of cases) {
    const { code, err } = await runCommand(['train', ...args.split(' ')]);
    assert.match(err, sentence);
    assert.equal(code, 2);
  }
  assert.ok(!(await readdir(scratch)).includes('none'), 'options that cannot be used make no directory');
});

test('with --json every line of stdout is an event, the last one says where the model is, and no progress is on stderr', async () => {
  const directory = join(scratch, 'json');
  const { code, stdout, stderr } = await train(`${text} --out ${directory} --steps 3 --json ${options}`);
  assert.equal(code, 0);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; step?: number; model?: string });
  assert.deepEqual(
    events.filter(({ kind }) => kind === 'step').map(({ step }) => step),
    [1, 2, 3],
  );
  const last = events.at(-1)!;
  assert.deepEqual([last.kind, last.step, last.model], ['finished', 3, join(directory, 'model')]);
  assert.doesNotMatch(stderr, /loss/);
});
