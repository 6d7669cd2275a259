import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDocuments } from './split.ts';

test('a share of the documents is held out, each whole, the same every time', () => {
  const ends = Float64Array.from({ length: 200 }, (_, i) => (i + 1) * 7);
  const { training, validation } = splitDocuments(ends, 0.1);
  assert.equal(validation.length, 20);
  assert.equal(training.length, 180);
  assert.deepEqual(
    [...training, ...validation].map(({ start }) => start).sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i * 7),
  );
  assert.ok([...training, ...validation].every(({ start, end }) => end - start === 7));
  // recorded: another choice would let a model be judged on what an older one learned from
  assert.deepEqual(
    validation.map(({ start }) => start / 7),
    [4, 27, 50, 52, 56, 67, 73, 82, 104, 114, 120, 124, 128, 131, 132, 143, 144, 159, 161, 182],
  );
});

test('of a single text the end is held out', () => {
  assert.deepEqual(splitDocuments(Float64Array.of(1000), 0.1), {
    training: [{ start: 0, end: 900 }],
    validation: [{ start: 900, end: 1000 }],
  });
});

test('nothing is held out if nothing is asked', () => {
  assert.deepEqual(splitDocuments(Float64Array.of(5, 9), 0).validation, []);
});
