import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoleCanvas, holeLengthOf, partsOf, typedLength } from './filling.ts';
import type { RecordedFrame } from './recording.ts';

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

const frame = (more: Partial<RecordedFrame>): RecordedFrame => ({
  revision: 0,
  step: 0,
  block: 0,
  t: 1,
  length: 4,
  committed: 0,
  reset: false,
  changes: [],
  ...more,
});
const change = (position: number, text: string) => ({ position, token: 1, text, confidence: 0.5 });

test('holes have what was written into them, also those of canvases that are over', () => {
  const canvas = new HoleCanvas();
  canvas.read(
    frame({
      reset: true,
      changes: [change(1, '-')],
      holes: [
        { hole: 0, from: 0, to: 1 },
        { hole: 1, from: 2, to: 4 },
      ],
    }),
  );
  const [first, second] = canvas.read(frame({ step: 1, changes: [change(0, 'a'), change(3, 'd')] }));
  assert.deepEqual(
    [first, second].map(({ pieces }) => pieces.map(({ token, text }) => (token === null ? null : text))),
    [['a'], [null, 'd']],
  );
  canvas.read(frame({ reset: true, length: 1, holes: [{ hole: 2, from: 0, to: 1, replaces: [7, 9] }] }));
  const [third] = canvas.read(frame({ step: 1, length: 1, changes: [change(0, 'z')] }));
  assert.deepEqual([third.hole, third.pieces[0].text, third.replaces], [2, 'z', [7, 9]]);
  assert.equal(canvas.piecesOf(1)[1].text, 'd');
  assert.equal(canvas.passes, 1);
  canvas.read(frame({ reset: true, holes: [{ hole: 0, from: 0, to: 1 }] }));
  assert.equal(canvas.passes, 2);
  assert.deepEqual(canvas.piecesOf(9), []);
});
