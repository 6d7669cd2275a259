import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areSame, differencesFrom } from './differences.ts';

const strategies = { threshold: { properties: { tau: {} } }, 'left-to-right': {} };
const ways = [
  { name: 'balanced', says: 'as it is', values: {} },
  { name: 'fast', says: 'several at once', values: { strategy: 'threshold', tau: 0.7 } },
];

test('a run differs in one thing: all else that was set stays', () => {
  const found = differencesFrom({ length: 14, frequencyPenalty: 0 }, ways, strategies);
  assert.deepEqual(
    found.map(({ name, options }) => [name, options]),
    [
      ['left to right', { length: 14, frequencyPenalty: 0, strategy: 'left-to-right' }],
      // what is as it was is no difference
      ['fast', { length: 14, frequencyPenalty: 0, strategy: 'threshold', tau: 0.7 }],
    ],
  );
});

test('beside a run from left to right the others are offered, and what only another strategy has goes', () => {
  const names = (options: object) =>
    differencesFrom({ ...options }, ways, strategies).map(({ name }) => name);
  assert.deepEqual(names({ strategy: 'left-to-right' }), ['balanced', 'fast']);
  const [leftToRight] = differencesFrom({ tau: 0.9, strategy: 'threshold', seed: 1 }, ways, strategies);
  assert.deepEqual(leftToRight.options, { seed: 1, strategy: 'left-to-right' });
});

test('the order of options is none of their matter', () => {
  assert.ok(areSame({ a: 1, b: [2] }, { b: [2], a: 1 }));
  assert.ok(!areSame({ a: 1 }, { a: 1, b: 2 }));
});
