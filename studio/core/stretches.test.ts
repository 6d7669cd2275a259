import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holesIn, stretchesIn } from './stretches.ts';

const broken = [
  null,
  'x',
  {},
  { from: -1, to: 2 },
  { from: 3, to: 2 },
  { from: 0, to: 9 },
  { from: 0.5, to: 1 },
];

test('of what was kept of a text those stretches are taken that lie in it, in order', () => {
  const kept = [{ from: 4, to: 5, look: 'marked' }, ...broken, { from: 0, to: 3 }];
  assert.deepEqual(stretchesIn(kept, 'a word'), [
    { from: 0, to: 3 },
    { from: 4, to: 5 },
  ]);
  for (const none of [undefined, null, 'x', { 0: { from: 0, to: 1 } }])
    assert.deepEqual([stretchesIn(none, 'a'), holesIn(none, 'a')], [[], []]);
});

test('a hole has a length that could be typed, or one by what stood there', () => {
  const place = { from: 1, to: 2 };
  const lengths = [{ length: 3 }, { length: 'any' }, { minimum: 2, maximum: 4 }, { like: 'shorter' }];
  const wrong = [undefined, 3, {}, { length: 0 }, { length: {} }, { minimum: 4, maximum: 2 }, { like: 'x' }];
  assert.deepEqual(
    holesIn([...broken, ...[...lengths, ...wrong].map((length) => ({ ...place, length }))], 'a word').map(
      ({ length }) => length,
    ),
    lengths,
  );
});
