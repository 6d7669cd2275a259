import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { allClaims } from './all-claims.ts';
import { budgets } from './budget.ts';
import { Lab } from './lab.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-claims-'));
after(() => rm(scratch, { recursive: true }));

/** Of which nothing can be learned, and everything is done. */
const tiny = {
  ...budgets.quick,
  seeds: 2,
  layers: 1,
  width: 16,
  updates: 16,
  rates: [4e-3],
  windows: 4,
  widths: [8, 16],
  questions: 8,
  repeated: 2000,
  longLength: 96,
  puzzles: 60,
} as const;

const { signal } = new AbortController();
const open = (notes: string[]): Lab =>
  new Lab({ folder: join(scratch, 'lab'), budget: tiny, jobs: 2, note: (text) => notes.push(text), signal });

test('every claim is measured from end to end, shows nothing with so little, and is found again without training', async () => {
  const notes: string[] = [];
  const lab = open(notes);
  const found = new Map<string, unknown>();
  for (const { letter, measure, draw } of allClaims) {
    const finding = await measure(lab);
    found.set(letter, finding);
    const chart = draw(finding.rows, lab.budget);
    assert.ok(['shown', 'refuted', 'not at this scale'].includes(finding.verdict), letter);
    assert.ok(finding.number.length > 10 && finding.rows.length >= 2, letter);
    assert.ok(!/NaN|undefined|Infinity/.test(finding.number + finding.why + chart), letter);
    assert.ok(chart.startsWith('<svg'), letter);
    // what needs learning cannot be shown by models that learned nothing
    if ('abcfhim'.includes(letter)) assert.notEqual(finding.verdict, 'shown', letter);
  }
  assert.ok(notes.length > 40);
  const again: string[] = [];
  const second = open(again);
  for (const { letter, measure } of allClaims)
    assert.deepEqual(await measure(second), found.get(letter), letter);
  assert.deepEqual(again, []);
});

test('runs train side by side; a stop saves them, and what goes wrong on a thread is said here', async () => {
  const stop = new AbortController();
  const lab = new Lab({
    folder: join(scratch, 'stopped'),
    budget: tiny,
    jobs: 2,
    note: () => {},
    signal: stop.signal,
  });
  const texts = ['a small text, which is learned for ever and ever. '.repeat(20)];
  const endless = { texts, size: 'nano', length: 32, steps: 1_000_000, validationShare: 0 } as const;
  const both = Promise.allSettled(['one', 'two'].map((name) => lab.train(name, endless)));
  const metrics = (name: string): string => join(scratch, 'stopped/runs', name, 'metrics.jsonl');
  while (!['one', 'two'].every((name) => existsSync(metrics(name)) && statSync(metrics(name)).size > 0))
    await setTimeout(50);
  stop.abort();
  for (const { status } of await both) assert.equal(status, 'rejected');
  for (const name of ['one', 'two']) {
    const checkpoints = join(scratch, 'stopped/runs', name, 'checkpoints');
    assert.equal(readdirSync(checkpoints).length, 1, name);
  }
  await assert.rejects(open([]).train('odd', { texts, size: 'nano', length: 32, batch: -1 }), {
    name: 'InvalidOptionError',
    option: 'batch',
  });
});
