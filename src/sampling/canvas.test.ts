import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../base/errors.ts';
import {
  alignedBlocks,
  type BlockLayout,
  blocksFromFirstMask,
  cutAtEnd,
  hole,
  layBlocks,
  layCanvas,
  maskedPositions,
  tailStart,
} from './canvas.ts';

const M = 9;

/** The positions of each block. */
const positionsOf =
  (layout: BlockLayout) =>
  (...asked: Parameters<BlockLayout>) =>
    layout(...asked).map(({ positions }) => positions);

test('a canvas is its given ids with masks in the holes', () => {
  assert.deepEqual([...layCanvas([[1, 2], hole(2), [3], hole(1)], M)], [1, 2, M, M, 3, M]);
});

test('a given part that holds the mask is refused, with its position', () => {
  assert.throws(
    () =>
      layCanvas(
        [
          [1, 2],
          [3, M],
        ],
        M,
      ),
    /tokens: must not hold \[MASK\].*9 at position 3/,
  );
});

test('a hole has a whole number of tokens', () => {
  for (const length of [0, -1, 1.5, NaN]) assert.throws(() => hole(length), InvalidOptionError);
});

test('masked positions ascend', () => {
  assert.deepEqual(maskedPositions(Int32Array.of(M, 1, M, M, 2), M), [0, 2, 3]);
});

test('blocks of a prompt and an answer begin at the end of the prompt', () => {
  const canvas = layCanvas([[1, 2, 3], hole(6)], M);
  assert.deepEqual(positionsOf(layBlocks)(canvas, { maskId: M, blockLength: 2 }), [
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
});

test('blocks of a canvas with holes count masked positions alone', () => {
  const canvas = layCanvas([hole(3), [1, 2], hole(1), [3]], M);
  assert.deepEqual(positionsOf(layBlocks)(canvas, { maskId: M, blockLength: 2 }), [
    [0, 1],
    [2, 5],
  ]);
});

test('without a block length there is one block', () => {
  assert.deepEqual(positionsOf(layBlocks)(Int32Array.of(M, 1, M), { maskId: M }), [[0, 2]]);
});

test('the last block may be shorter', () => {
  const canvas = layCanvas([[1], hole(8)], M);
  assert.deepEqual(positionsOf(layBlocks)(canvas, { maskId: M, blockLength: 3 }), [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
  ]);
});

test('a block of no length, or longer than the masked tokens, is refused', () => {
  const canvas = layCanvas([[1], hole(8)], M);
  for (const blockLength of [9, 0, -2, 1.5, NaN]) {
    assert.throws(
      () => layBlocks(canvas, { maskId: M, blockLength }),
      /blockLength: must be from 1 to the 8 masked tokens/,
    );
  }
});

test('aligned blocks lie on a grid from the beginning of the canvas, whatever is given', () => {
  const canvas = layCanvas([[1, 1, 1], hole(2), [1, 1, 1, 1], hole(4)], M);
  assert.deepEqual(positionsOf(alignedBlocks)(canvas, { maskId: M, blockLength: 4 }), [
    [3],
    [4],
    [9, 10, 11],
    [12],
  ]);
  assert.deepEqual(positionsOf(alignedBlocks)(canvas, { maskId: M, blockLength: 64 }), [
    [3, 4, 9, 10, 11, 12],
  ]);
});

test('blocks reach over what is given in them, and one without a mask is left out', () => {
  const canvas = layCanvas([[1], hole(2), [1, 2, 3, 4], hole(1), [5, 6]], M); // masks at 1, 2 and 7
  assert.deepEqual(layBlocks(canvas, { maskId: M, blockLength: 2 }), [
    { start: 1, end: 3, positions: [1, 2] },
    { start: 7, end: 8, positions: [7] },
  ]);
  assert.deepEqual(alignedBlocks(canvas, { maskId: M, blockLength: 4 }), [
    { start: 0, end: 4, positions: [1, 2] },
    { start: 4, end: 8, positions: [7] },
  ]);
  assert.deepEqual(blocksFromFirstMask(canvas, { maskId: M, blockLength: 3 }), [
    { start: 1, end: 4, positions: [1, 2] },
    { start: 7, end: 10, positions: [7] },
  ]);
  assert.deepEqual(blocksFromFirstMask(canvas, { maskId: M, blockLength: 256 }), [
    { start: 1, end: 10, positions: [1, 2, 7] },
  ]);
});

test('a canvas without a mask is refused', () => {
  assert.throws(() => layBlocks(Int32Array.of(1, 2), { maskId: M }), /tokens: must hold \[MASK\] \(id 9\)/);
});

test('the tail begins behind the last given token', () => {
  assert.equal(tailStart(Int32Array.of(1, M, 2, M, M), M), 3);
  assert.equal(tailStart(Int32Array.of(M, M), M), 0);
  assert.equal(tailStart(Int32Array.of(M, 1), M), 2);
});

test('a text is cut after its first end token, and end tokens in front of the tail end nothing', () => {
  const tokens = Int32Array.of(7, 1, 2, 7, 3, 8);
  assert.deepEqual([...cutAtEnd(tokens, [7, 8], 1)], [7, 1, 2, 7]);
  assert.deepEqual([...cutAtEnd(tokens, [8], 1)], [7, 1, 2, 7, 3, 8]);
  assert.deepEqual([...cutAtEnd(tokens, [], 0)], [...tokens]);
});
