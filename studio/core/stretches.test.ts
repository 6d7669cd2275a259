import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubtsIn, proposalsIn, stretchesIn } from './stretches.ts';

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
    assert.deepEqual(
      [stretchesIn, doubtsIn, proposalsIn].map((read) => read(none, 'a')),
      [[], [], []],
    );
});

test('a hole has a length that could be typed, or one by what stood there', () => {
  const place = { from: 1, to: 2 };
  const lengths = [{ length: 3 }, { length: 'any' }, { minimum: 2, maximum: 4 }, { like: 'shorter' }];
  const wrong = [undefined, 3, {}, { length: 0 }, { length: {} }, { minimum: 4, maximum: 2 }, { like: 'x' }];
  assert.deepEqual(
    proposalsIn([...broken, ...[...lengths, ...wrong].map((length) => ({ ...place, length }))], 'a word').map(
      ({ length }) => length,
    ),
    lengths,
  );
});

test('what was proposed has a text, and beside it what was written that can be drawn', () => {
  const piece = { token: 3, text: 'cat', confidence: 0.5 };
  const written = [
    { text: 'cat', pieces: [piece] },
    { text: 'none', pieces: [{ ...piece, token: 'x' }] },
    { text: 5, pieces: [] },
    { text: 'bird' },
    null,
  ];
  const kept = [
    ...broken,
    { from: 2, to: 6, text: 'cat', written },
    { from: 0, to: 1, text: '', written: 3 },
  ];
  assert.deepEqual(proposalsIn(kept, 'a word'), [
    { from: 2, to: 6, text: 'cat', written: [written[0]] },
    { from: 0, to: 1, text: '', written: [] },
  ]);
});

test('a doubt is of a word, and has a number', () => {
  const kept = [...broken, { from: 1, to: 1, probability: 0.1 }, { from: 0, to: 1, probability: 'x' }];
  assert.deepEqual(
    doubtsIn(
      [
        ...kept,
        { from: 2, to: 3, probability: 0.2, left: 'why' },
        { from: 0, to: 1, probability: 0.1, left: 5 },
      ],
      'a word',
    ),
    [
      { from: 0, to: 1, probability: 0.1 },
      { from: 2, to: 3, probability: 0.2, left: 'why' },
    ],
  );
});
