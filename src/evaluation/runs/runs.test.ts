import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../../test/run-command.ts';
import { sweepAxis } from '../../cli/sweep.ts';
import { sweep, sweepRuns } from '../../library/sweep.ts';
import { compareRuns, labelOf } from './compare.ts';
import { curvesChart } from './curves.ts';
import { findRuns } from './find-runs.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-runs-'));
after(() => rm(scratch, { recursive: true }));

const folder = join(scratch, 'widths');
const request = {
  texts: Array.from({ length: 30 }, (_, i) => `A ${['cat', 'dog', 'cow'][i % 3]} sat.`),
  tokenizer: 'characters',
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 16,
  length: 8,
  batch: 2,
  steps: 2,
  warmup: 0,
  threads: 1,
  validationEvery: 1,
  validationDraws: 2,
  sampleEvery: 100,
  out: folder,
};
const grid = { vary: { width: [8, 16] }, seeds: 2 };

test('a sweep trains each combination in a folder of its own; stopped, it goes on where it was', async () => {
  const told: string[] = [];
  const first = sweep(request, grid);
  for await (const event of first) {
    told.push(event.kind === 'run' ? `${event.index} of ${event.of}` : event.kind);
    if (event.kind === 'step' && told.filter((kind) => kind === 'step').length === 3) break;
  }
  assert.deepEqual(
    (await first).map((run) => [run.step, run.isFinished]),
    [
      [2, true],
      [1, false],
    ],
  );
  const steps: string[] = [];
  const runs = await sweep(request, grid, {
    onProgress: (event) => void (event.kind === 'step' && steps.push(`${event.step}`)),
  });
  assert.deepEqual(steps, ['2', '1', '2', '1', '2'], 'what was done is not done again');
  assert.deepEqual(
    runs.map(({ directory }) => directory.slice(folder.length + 1)),
    ['width=8,seed=0', 'width=8,seed=1', 'width=16,seed=0', 'width=16,seed=1'],
  );
});

test('runs side by side: seeds are a mean, what is different is said, and only that', async () => {
  const runs = await findRuns([folder, join(folder, 'width=8,seed=0')]);
  assert.equal(runs.length, 4, 'a run that is named twice is there once');
  const rows = compareRuns(runs);
  assert.deepEqual(
    rows.map(({ options }) => options),
    [{ width: 8 }, { width: 16 }],
  );
  const [eight] = rows;
  const nats = runs.slice(0, 2).map((run) => run.validation!.natsPerToken);
  assert.ok(Math.abs(eight.natsPerToken!.mean - (nats[0] + nats[1]) / 2) < 1e-12);
  assert.ok(Math.abs(eight.natsPerToken!.standardError - Math.abs(nats[0] - nats[1]) / 2) < 1e-12);
  assert.deepEqual(
    eight.curve.map(({ step }) => step),
    [1, 2],
  );
  assert.match(labelOf(eight), /width 8.*, 2 seeds$/);
  const [alone, other] = compareRuns(runs.slice(0, 2).map((run, k) => ({ ...run, isFinished: k === 0 })));
  assert.deepEqual([alone.options['seed'], other.options['seed']], [0, 1], 'a run that is not done is no seed');
  const chart = curvesChart(rows, 'seconds');
  assert.equal(chart.match(/<polyline /g)?.length, 2);
  assert.ok(!chart.includes('NaN'));
});

test('lines of metrics that no run writes are left out, in every table and chart', async () => {
  const directory = join(scratch, 'odd');
  await cp(join(folder, 'width=8,seed=0'), directory, { recursive: true });
  const odd = [null, [], 'x', { step: 'x' }, { step: 1e400, loss: [] }, { step: 3, natsPerToken: 'x' }, {}];
  const lines = odd.flatMap((row) =>
    ['step', 'validation'].map((kind) => JSON.stringify(typeof row === 'object' ? { kind, ...row } : row)),
  );
  await appendFile(join(directory, 'metrics.jsonl'), [...lines, '{"kind":', ''].join('\n'));
  const [{ step, validation }] = await findRuns([directory]);
  assert.deepEqual([step, typeof validation?.natsPerToken], [2, 'number']);
  await rm(directory, { recursive: true });
});

test('the commands: a list, a table, CSV and three charts', async () => {
  const list = await runCommand(['runs', scratch]);
  assert.equal(list.code, 0);
  assert.equal(list.out.match(/masked-diffusion/g)?.length, 4);
  const [csv, svg] = [join(scratch, 'a.csv'), join(scratch, 'a.svg')];
  const table = await runCommand(['compare', folder, '--csv', csv, '--svg', svg]);
  assert.equal(table.code, 0, table.err);
  assert.match(table.out, /width: 8/);
  assert.match(table.out, /≤ \d\.\d{3} ± \d\.\d{3}/);
  assert.ok(Math.max(...table.out.split('\n').map((line) => line.length)) <= 80);
  assert.equal((await readFile(csv, 'utf8')).trim().split('\n').length, 3);
  for (const name of ['a.svg', 'a-tokens.svg', 'a-seconds.svg'])
    assert.ok((await readFile(join(scratch, name), 'utf8')).startsWith('<svg'));
  const nowhere = await runCommand(['compare', join(scratch, 'a.csv')]);
  assert.deepEqual([nowhere.code, nowhere.out], [2, '']);
  assert.match(nowhere.err, /expected a run of unmask train, or a folder of some, found none/);
  assert.equal((await runCommand(['compare'])).code, 2);
});

test('what no sweep can have is a sentence, before anything is trained', async () => {
  const base = { data: ['a.txt'] };
  const wrong: [Parameters<typeof sweepRuns>, RegExp][] = [
    [[base, { vary: { data: ['b'] } }], /^sweep: cannot vary data/],
    [[base, { vary: { widht: [8] } }], /^widht: is no option \(did you mean width\?\)/],
    [[base, { vary: { width: [8, 8] } }], /^sweep: must not have a value twice/],
    [[base, { seeds: 1e9 }], /^sweep: must ask for at most 4096 runs/],
    [[base, { vary: { width: [6] } }], /^heads: /],
    [[base, { vary: { seed: [1] }, seeds: 2 }], /^seeds: is given in place of a sweep over seed/],
    [[{ ...base, resume: 'x' }, {}], /^resume: is for one run/],
  ];
  for (const [given, message] of wrong) assert.throws(() => sweepRuns(...given), { message });
  assert.deepEqual(sweepAxis('learning-rate=1e-3,2'), ['learningRate', [1e-3, 2]]);
  assert.deepEqual(sweepAxis('times=bell,uniform'), ['times', ['bell', 'uniform']]);
  assert.throws(() => sweepAxis('width'), { message: /^sweep: must be an option and its values/ });
  const { code, err } = await runCommand(['train', 'a.txt', '--sweep', 'width=8', '--sweep', 'width=16']);
  assert.equal(code, 2);
  assert.match(err, /names an option twice/);
});

test('a run that can’t be read is named, and the others are listed', async () => {
  const damaged = join(folder, 'damaged');
  await mkdir(damaged);
  await writeFile(join(damaged, 'options.json'), '{');
  try {
    const { code, out, err } = await runCommand(['runs', folder]);
    assert.equal(code, 0);
    assert.match(err, /^unmask runs: .*damaged.*\n$/);
    assert.equal(out.split('\n').filter((line) => line.includes('width=')).length, 4);
    await assert.rejects(findRuns([folder]), /damaged/);
    await assert.rejects(
      findRuns([damaged], () => {}),
      /damaged/,
    );
  } finally {
    await rm(damaged, { recursive: true });
  }
});
