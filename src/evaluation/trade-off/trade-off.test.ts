import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanOf } from '../mean.ts';
import { speedChart, varietyChart } from './chart.ts';
import { frontier, recommended, type SamplingOutcome } from './outcome.ts';
import { waysOf } from './ways.ts';

const judgement = {
  bitsPerCharacter: 1.2,
  standardError: 0.1,
  characters: 900,
  texts: 10,
  distinct: [0.3, 0.7, 0.9, 0.95],
  repeated: 0.05,
  words: 200,
} as const;
const outcome = (name: string, tokensPerForward: number, mean?: number): SamplingOutcome => ({
  name,
  group: name[0],
  temperature: 1,
  tokensPerForward,
  tokensPerSecond: 100 * tokensPerForward,
  judgement,
  ...(mean !== undefined && { heldOut: { mean, standardError: 0.1, isBound: false } }),
});
const all = [
  outcome('a', 1, 3),
  outcome('b', 2, 3.05),
  outcome('b', 4, 3.09),
  outcome('c', 4, 3.5),
  outcome('c', 8, 4),
  outcome('rewrites', 9),
];

test('by hand: a mean with weights and its standard error', () => {
  const { mean, standardError } = meanOf([
    { value: 4, weight: 2 },
    { value: 3, weight: 1 },
  ]);
  assert.equal(mean, 7 / 3);
  assert.ok(Math.abs(standardError - Math.sqrt(2 * ((4 - 14 / 3) ** 2 + (3 - 7 / 3) ** 2)) / 3) < 1e-12);
  assert.ok(Number.isNaN(meanOf([{ value: 1, weight: 1 }]).standardError));
});

test('the frontier is what nothing beats in both; what has no likelihood is not on it', () => {
  assert.deepEqual(
    frontier(all).map(({ name, tokensPerForward }) => `${name}${tokensPerForward}`),
    ['a1', 'b2', 'b4', 'c8'],
  );
});

test('recommended is the fastest within one standard error of the baseline, or the baseline', () => {
  assert.equal(recommended(all, all[0]), all[2]);
  assert.equal(recommended(all.slice(3), all[0]), all[0]);
});

test('the ways: the careful one first and once, each strategy with what makes it faster', () => {
  const ways = waysOf({
    strategies: ['low-confidence', 'threshold', 'first-hitting'],
    blockLengths: [4],
    caches: ['none', 'dual'],
    length: 8,
  });
  const names = ways.map(({ name }) => name);
  assert.equal(names[0], 'low-confidence, 1 a step, blocks of 4');
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('low-confidence, 1 a step, blocks of 4, dual cache'));
  assert.ok(
    names.includes('threshold, tau 0.9, blocks of 4') &&
      names.includes('first-hitting, 1 a step, blocks of 4'),
  );
  const two = ways.find(({ name }) => name === 'low-confidence, 2 a step, blocks of 4')!;
  assert.deepEqual([two.tokensPerStep, two.options.steps], [2, 4]);
  assert.ok(!names.some((name) => name.includes('8 a step')), 'more than a block holds');
});

test('the charts have a point for every outcome, a line for every group, and no text as markup', () => {
  const speed = speedChart('a < b', [...all, outcome('<script>', 3, 3)]);
  assert.equal(speed.match(/<circle [^>]*r="3.5"/g)?.length, 6);
  assert.equal(speed.match(/<polyline /g)?.length, 4);
  assert.ok(!speed.includes('<script') && speed.includes('a &#60; b') && !speed.includes('NaN'));
  const variety = varietyChart('t', all, judgement);
  assert.equal(variety.match(/<polyline /g)?.length, 1 + new Set(all.map(({ name }) => name)).size);
  assert.ok(!variety.includes('NaN') && !variety.includes('Infinity'));
});
