import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frontier, type SamplingOutcome, outcomeOf, recommended } from './trade-off.ts';
import { tradeOffSvg } from './trade-off-svg.ts';

const outcome = (name: string, tokensPerForward: number, natsPerToken: number): SamplingOutcome => ({
  name,
  group: name[0],
  trials: 10,
  tokensPerForward,
  tokensPerSecond: 100 * tokensPerForward,
  natsPerToken,
  standardError: 0.1,
});
const all = [
  outcome('a', 1, 3),
  outcome('b', 2, 3.05),
  outcome('b', 4, 3.09),
  outcome('c', 4, 3.5),
  outcome('c', 8, 4),
];

test('by hand: speeds over all, the mean of the texts with its standard error, and the exact ones', () => {
  const trials = [
    { forwards: 4, tokens: 8, ms: 1000, natsPerToken: 2, isExact: true },
    { forwards: 2, tokens: 10, ms: 500, natsPerToken: 4, isExact: false },
  ];
  assert.deepEqual(outcomeOf('n', 'g', trials), {
    name: 'n',
    group: 'g',
    trials: 2,
    tokensPerForward: 3,
    tokensPerSecond: 12,
    natsPerToken: 3,
    standardError: 1,
    exact: 0.5,
  });
  assert.equal(outcomeOf('n', 'g', [{ ...trials[0], isExact: undefined }]).exact, undefined);
});

test('the frontier is what nothing beats in both', () => {
  assert.deepEqual(
    frontier(all).map(({ name, tokensPerForward }) => `${name}${tokensPerForward}`),
    ['a1', 'b2', 'b4', 'c8'],
  );
});

test('recommended is the fastest within one standard error of the baseline, or the baseline', () => {
  assert.equal(recommended(all, all[0]), all[2]);
  assert.equal(recommended(all.slice(3), all[0]), all[0]);
});

test('the chart has a point for every outcome, a line for every group, and no text as markup', () => {
  const svg = tradeOffSvg('a < b', [...all, outcome('<script>', 3, 3)], all[0]);
  assert.equal(svg.match(/<circle /g)?.length, 6);
  assert.equal(svg.match(/<polyline /g)?.length, 4);
  assert.ok(!svg.includes('<script') && svg.includes('a &#60; b'));
  assert.ok(!svg.includes('NaN'));
});
