import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byBlock,
  doubledMask,
  doubledPositions,
  doubledRow,
  growingBlock,
  wholeInShare,
} from './block-diffusion.ts';

test('noisy tokens see their block and the clean blocks before it, clean ones their block and those before', () => {
  const { shape, data } = doubledMask(3, 2);
  assert.deepEqual(shape, [1, 6, 6]);
  const rows = Array.from({ length: 6 }, (_, i) => data.subarray(6 * i, 6 * i + 6).join(''));
  //                noisy|clean
  assert.deepEqual(rows, ['110000', '110000', '001110', '000110', '000110', '000111']);
});

test('both halves have the same positions', () => {
  assert.deepEqual([...doubledPositions(2, 2).data], [0, 1, 0, 1, 0, 1, 0, 1]);
});

test('with shifted logits the first token of a block is asked of the clean half, but for the very first', () => {
  const rows = (shifted: boolean) => [0, 1, 2, 3, 4].map((i) => doubledRow(i, 5, 2, shifted));
  assert.deepEqual(rows(false), [0, 1, 2, 3, 4]);
  assert.deepEqual(rows(true), [0, 1, 7, 3, 9]);
});

test('positions are cut at multiples of the block, and blocks without any are left out', () => {
  const blocks = byBlock(Int32Array.of(1, 2, 3, 9), 3);
  assert.deepEqual(
    blocks.map((block) => [...block]),
    [[1, 2], [3], [9]],
  );
  assert.deepEqual(byBlock(new Int32Array(), 3), []);
});

test('a growing block doubles in equal stages up to its length', () => {
  const at = growingBlock(6, { updates: 9 });
  assert.deepEqual([...Array(11).keys()].map(at), [1, 1, 1, 2, 2, 2, 4, 4, 4, 6, 6]);
  assert.equal(growingBlock(6)(0), 6);
  assert.equal(growingBlock(1, { updates: 5 })(0), 1);
});

test('in a share of the updates the whole window is one block', () => {
  const at = wholeInShare(() => 4, { seed: 3, share: 0.25 });
  const lengths = Array.from({ length: 2000 }, (_, step) => at(step));
  assert.ok(lengths.every((length) => length === 4 || length === Infinity));
  const whole = lengths.filter((length) => length === Infinity).length / lengths.length;
  assert.ok(Math.abs(whole - 0.25) < 0.04, String(whole));
  assert.equal(wholeInShare(() => 4, { seed: 3, share: 0 })(7), 4);
});
