import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { uniforms } from '../src/base/random.ts';
import { findCheckpoints } from '../src/checkpoint/find-checkpoints.ts';
import { Tasks } from '../src/server/studio/tasks.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const models = fileURLToPath(new URL('../../models', import.meta.url));

/** From the signal until the process is gone, on a machine that has other work, too. */
const withinMs = 5000;

const verse = 'The moon was big and the sea was small. ';
const tiny = '--width 8 --hidden 16 --heads 1 --length 16 --batch 1 --tokenizer characters';

/** What takes long, each in another way. */
const tasks: Readonly<Record<string, string>> = {
  // the engine takes half a minute to open a network so deep, and hears nothing while it does
  'a network that is opened': `train TEXT --out OUT --layers 48 ${tiny}`,
  'a micro-batch of a minute': 'train TEXT --out OUT --batch 2048',
  'an update of many micro-batches': 'train TEXT --out OUT --accumulate 4096 --batch 8',
  'a usual run':
    'train TEXT --out OUT --size nano --validation-every 5 --sample-every 3 --checkpoint-every 2',
  'weights that are quantised': `quantize ${models}/stories --weights int4 --out OUT`,
  'a score of many draws': `score TEXT --model ${models}/stories --samples 100000`,
  'a text': `generate --model ${models}/stories --length 250 --json`,
};

test('SIGINT and SIGTERM end any task within 5 s, at any moment, and leave nothing half-written', async (t) => {
  const folder = await temporaryFolder(t);
  const text = join(folder, 'text.txt');
  await writeFile(text, verse.repeat(3000));
  const uniform = uniforms(3, 'synthetic');
  const names = Object.keys(tasks);
  let slowest = 0;
  for (let n = 0; n < 3 * names.length; n++) {
    const name = names[n % names.length];
    const out = join(folder, `out-${n}`);
    const args = tasks[name].replace('TEXT', text).replace('OUT', out).split(' ');
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
    const closed = new Promise<[number | null, string | null]>((resolve) =>
      child.once('close', (code, signal) => resolve([code, signal])),
    );
    await wait(uniform(n) * 8000);
    const signal = n % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    const began = performance.now();
    child.kill(signal);
    const [code, endedBy] = await closed;
    const ms = performance.now() - began;
    slowest = Math.max(slowest, ms);
    const how = `${name}, ${signal}: ${Math.round(ms)} ms, code ${code}, signal ${endedBy}\n${stderr}`;
    assert.ok(ms < withinMs, how);
    assert.ok(endedBy === signal || [0, 130, 143].includes(code!), how);
    await whole(out, args[0], how);
  }
  t.diagnostic(`slowest end: ${Math.round(slowest)} ms`);
});

/** What is there under its own name is whole: a run that can be resumed, or a model. */
async function whole(out: string, command: string, how: string): Promise<void> {
  if (!existsSync(out)) return;
  if (command === 'train') {
    const { damaged } = await findCheckpoints(out);
    assert.deepEqual(damaged, [], how);
    if (!existsSync(join(out, 'model'))) return;
  }
  assert.ok(existsSync(join(command === 'train' ? join(out, 'model') : out, 'config.json')), how);
}

test('a task of the studio ends within 5 s of its stop, also while its network is opened', async (t) => {
  const folder = await temporaryFolder(t);
  const text = join(folder, 'text.txt');
  await writeFile(text, verse.repeat(3000));
  const start = (args: readonly string[]) =>
    spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const studio = new Tasks(start, () => new Date());
  t.after(() => studio.close());
  const uniform = uniforms(4, 'synthetic');
  for (const [n, name] of Object.keys(tasks).slice(0, 4).entries()) {
    const [, ...args] = tasks[name]
      .replace('TEXT', text)
      .replace('OUT', join(folder, `out-${n}`))
      .split(' ');
    const { id } = studio.start('train', name, args);
    await wait(2000 + uniform(n) * 6000);
    const began = performance.now();
    studio.stop(id);
    while (studio.at(name, 'train')) await wait(20);
    const ms = performance.now() - began;
    assert.ok(ms < withinMs, `${name}: ${Math.round(ms)} ms`);
    assert.equal(studio.about(name, 'train')[0].state, 'stopped', name);
  }
});
