import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectives, sweepIn } from './objectives.ts';
import {
  best,
  byOption,
  csvOf,
  differing,
  found,
  isLearnedByHeart,
  type TableRun,
  warmupOf,
} from './run-rows.ts';

const run = (name: string, options: object, more: object = {}): TableRun => ({
  name,
  state: 'finished',
  options: options as TableRun['options'],
  step: 10,
  ...more,
});
const runs = [
  run('a', { size: 'nano', seed: 0, data: ['x.txt'] }, { notes: { text: 'a "good" one', tags: ['best'] } }),
  run('b', { size: 'nano', seed: 1, data: ['x.txt'] }),
  run('c', { size: 'tiny', seed: 0, data: ['x.txt'] }, { validation: { natsPerToken: 2.5 } }),
];

test('a table has the options that differ, is filtered by all words, and grouped by an option', () => {
  assert.deepEqual(differing(runs), ['size', 'seed']);
  const names = (some: readonly TableRun[]) => some.map(({ name }) => name).join('');
  assert.equal(names(found(runs, 'nano seed=1')), 'b');
  assert.equal(names(found(runs, 'BEST')), 'a');
  assert.equal(names(found(runs, '')), 'abc');
  assert.deepEqual(
    byOption(runs, 'size').map((group) => `${group.title}: ${names(group.runs)}`),
    ['size nano: ab', 'size tiny: c'],
  );
});

test('the best run is the least on held-out text among those of the same tokens', () => {
  const measured = (name: string, natsPerToken: number, options: object = {}) =>
    run(name, { data: ['x.txt'], ...options }, { validation: { natsPerToken } });
  const some = [measured('a', 3), measured('b', 2), measured('c', 1, { tokenizer: 'characters' }), runs[0]];
  assert.deepEqual([...best(some)], ['b']);
  assert.deepEqual([...best([...some, measured('d', 0.5, { tokenizer: 'characters' })])].sort(), ['b', 'd']);
  assert.deepEqual([...best(runs)], []);
});

test('a text is learned by heart where held-out text costs far more than the last updates', () => {
  const ended = (natsPerToken: number, options: object = {}, more: object = {}) =>
    run('a', options, { validation: { natsPerToken }, ...more });
  assert.ok(isLearnedByHeart(ended(5.8), 2.75));
  // bell-shaped times, noise, and texts of few nats
  assert.ok(!isLearnedByHeart(ended(4), 3.1));
  assert.ok(!isLearnedByHeart(ended(0.9), 0.1));
  assert.ok(!isLearnedByHeart(ended(5.8), undefined));
  assert.ok(!isLearnedByHeart(run('a', {}), 2.75));
  assert.ok(!isLearnedByHeart(ended(5.8, {}, { state: 'running' }), 2.75));
  assert.ok(!isLearnedByHeart(ended(5.8, { learn: 'preferences' }), 0.6));
});

test('a run without a causal warm-up has none of 0 updates', () => {
  assert.deepEqual([run('a', {}), run('b', { causalWarmup: 36 })].map(warmupOf), [0, 36]);
});

test('CSV keeps what has commas and quotes, a row for each run', () => {
  const [head, first, , third] = csvOf(runs).split('\r\n');
  assert.equal(head, 'run,state,updates,tokens,seconds,loss,natsPerToken,size,seed,data,tags,notes');
  assert.equal(first, 'a,finished,10,,,,,nano,0,"[""x.txt""]",best,"a ""good"" one"');
  assert.match(third, /^c,finished,10,,,,2\.5,tiny/);
});

test('a sweep is read as it is typed; what is no option is said', () => {
  const names = ['learningRate', 'objective', 'tied'];
  assert.deepEqual(sweepIn('learning rate: 1e-3, 2e-3\nobjective = a, b\ntied: true,false', names), {
    learningRate: [1e-3, 2e-3],
    objective: ['a', 'b'],
    tied: [true, false],
  });
  assert.match(String(sweepIn('rate: 1', names)), /no option rate/);
  assert.match(String(sweepIn('1e-3', names)), /must be an option/);
});

test('each objective has a picture of two rows of the same length', () => {
  for (const { picture } of objectives)
    assert.deepEqual(
      picture.map((row) => row.length),
      [8, 8],
    );
});
