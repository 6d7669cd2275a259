import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPenalties } from './penalties.ts';
import { wholeCanvas } from './predictor.ts';

const maskId = 9;
const flat = async (_: Int32Array, rows: Int32Array) => ({
  shape: [rows.length, 4],
  data: new Float32Array(rows.length * 4).fill(1),
});

test('by hand: written tokens are less likely by how often and by whether they stand, given ones are not', async () => {
  const canvas = Int32Array.of(2, maskId, maskId, maskId, maskId, maskId);
  const predict = withPenalties(flat, { frequencyPenalty: 0.5, presencePenalty: 2 }, { canvas, maskId });
  const xt = Int32Array.of(2, 1, maskId, 1, 0, maskId);
  const { data } = await predict(xt, Int32Array.of(2, 5), wholeCanvas(6));
  assert.deepEqual([...data], [-1.5, -2, 1, 1, -1.5, -2, 1, 1]);
  // a position that is looked at again doesn't count itself
  const again = await predict(xt, Int32Array.of(1, 4), wholeCanvas(6));
  assert.deepEqual([...again.data], [-1.5, -1.5, 1, 1, 1, -2, 1, 1]);
});

test('what was given counts for nothing, wherever masks that were inserted move it', async () => {
  const canvas = Int32Array.of(maskId, 2, 2);
  const predict = withPenalties(flat, { frequencyPenalty: 1, presencePenalty: 0 }, { canvas, maskId });
  const { data } = await predict(Int32Array.of(2, maskId, 2, 2), Int32Array.of(1), wholeCanvas(4));
  assert.deepEqual([...data], [1, 1, 0, 1]);
});

test('penalties of 0 leave the predictor as it is', () => {
  const none = { frequencyPenalty: 0, presencePenalty: 0 };
  assert.equal(withPenalties(flat, none, { canvas: Int32Array.of(maskId), maskId }), flat);
});
