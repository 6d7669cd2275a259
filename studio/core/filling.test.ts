import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  excerptAround,
  HoleCanvas,
  holeLengthOf,
  lengthLike,
  lengthsForWords,
  partsOf,
  typedHoles,
  typedLength,
} from './filling.ts';
import { frameOf } from '../test/frames.ts';

test('a text and its holes become parts, and texts beside each other one', () => {
  const any = { length: 'any' } as const;
  assert.deepEqual(
    partsOf('one two three', [
      { from: 0, to: 3, part: any },
      { from: 4, to: 7, part: 'TWO' },
      { from: 13, to: 13, part: { length: 2 } },
    ]),
    [any, ' TWO three', { length: 2 }],
  );
  assert.deepEqual(partsOf('abc', []), ['abc']);
});

test('lengths are what is typed, and typed as they are', () => {
  for (const [typed, length] of [
    ['', { length: 'any' }],
    [' 8 ', { length: 8 }],
    ['2-8', { minimum: 2, maximum: 8 }],
    ['4 – 4', { length: 4 }],
  ] as const) {
    assert.deepEqual(holeLengthOf(typed), length);
    assert.deepEqual(holeLengthOf(typedLength(length)), length);
  }
  for (const typed of ['0', '-1', '8-2', 'x', '1.5', '999999']) assert.equal(holeLengthOf(typed), undefined);
});

test('words are written anew in as many tokens as they have, or fewer, down to one a word', () => {
  const lengths = (words: string, tokens: number) => lengthsForWords(words, tokens);
  assert.deepEqual(lengths('banana', 3), [{ length: 1 }, { length: 2 }, { length: 3 }]);
  assert.deepEqual(lengths('in the', 2), [{ length: 2 }]);
  // signs of several words may be one token
  assert.deepEqual(lengths('? ! ?', 2), [{ length: 2 }]);
  assert.deepEqual(lengths('one that is long', 9), [{ minimum: 8, maximum: 10 }]);
});

test('a hole is about as long as what stood there, shorter, or longer', () => {
  const all = [1, 2, 3, 8].map((n) =>
    (['same', 'shorter', 'longer'] as const).map((like) => typedLength(lengthLike(like, n))),
  );
  assert.deepEqual(all, [
    ['1', '1', '2-3'],
    ['2', '1', '3-5'],
    ['3', '1', '4-7'],
    ['7-9', '2-4', '11-17'],
  ]);
});

const change = (position: number, text: string) => ({ position, token: 1, text, confidence: 0.5 });

test('holes have what was written into them, also those of canvases that are over', () => {
  const canvas = new HoleCanvas();
  canvas.read(
    frameOf({
      reset: true,
      changes: [change(1, '-')],
      holes: [
        { hole: 0, from: 0, to: 1 },
        { hole: 1, from: 2, to: 4 },
      ],
    }),
  );
  const [first, second] = canvas.read(frameOf({ step: 1, changes: [change(0, 'a'), change(3, 'd')] }));
  assert.deepEqual(
    [first, second].map(({ pieces }) => pieces.map(({ token, text }) => (token === null ? null : text))),
    [['a'], [null, 'd']],
  );
  canvas.read(frameOf({ reset: true, length: 1, holes: [{ hole: 2, from: 0, to: 1, replaces: [7, 9] }] }));
  const [third] = canvas.read(frameOf({ step: 1, length: 1, changes: [change(0, 'z')] }));
  assert.deepEqual([third.hole, third.pieces[0].text, third.replaces], [2, 'z', [7, 9]]);
  assert.equal(canvas.piecesOf(1)[1].text, 'd');
  assert.equal(canvas.passes, 1);
  canvas.read(frameOf({ reset: true, holes: [{ hole: 0, from: 0, to: 1 }] }));
  assert.equal(canvas.passes, 2);
  assert.deepEqual(canvas.piecesOf(9), []);
});

test('holes that are typed are found with their lengths; what is none stays text', () => {
  assert.deepEqual(typedHoles('a {{3}} b {{4..24}}{{?}} {{0}} {{9..2}} {{x}} {3}'), [
    { from: 2, to: 7, length: { length: 3 } },
    { from: 10, to: 19, length: { minimum: 4, maximum: 24 } },
    { from: 19, to: 24, length: { length: 'any' } },
  ]);
});

test('of a long text the words around the holes are sent, of a short one all', () => {
  const text = 'word '.repeat(1000);
  assert.deepEqual(excerptAround(text, [{ from: 2500, to: 2504 }], 5000), { from: 0, to: 5000 });
  const { from, to } = excerptAround(text, [{ from: 2500, to: 2504 }], 100);
  assert.ok(from >= 2400 && from < 2410 && to <= 2604 && to > 2594, `${from} ${to}`);
  assert.equal(text[from], ' ');
  const unbroken = 'x'.repeat(1000);
  assert.deepEqual(excerptAround(unbroken, [{ from: 500, to: 501 }], 100), { from: 400, to: 501 });
});
