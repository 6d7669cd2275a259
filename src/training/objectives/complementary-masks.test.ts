import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearNoise } from '../../diffusion/noise-schedule.ts';
import { complementaryDiffusion } from './complementary-masks.ts';
import { maskedDiffusion } from './objective.ts';

const maskId = 99;
const [B, L] = [4, 12];
const windows = {
  shape: [B, L],
  data: Int32Array.from({ length: B * L }, (_, i) => i),
  maskable: Uint8Array.from({ length: B * L }, (_, i) => (i % L < 3 ? 0 : 1)),
};
const options = { seed: 3, schedule: linearNoise, maskId };
const place = (step: number) => ({ step, firstRow: 0, batchRows: B });

test('every token of an answer is masked in exactly one of the two copies, and no given token in either', () => {
  for (let step = 0; step < 20; step++) {
    const { tokens, rows, targets } = complementaryDiffusion(options)(windows, place(step));
    assert.deepEqual(tokens.shape, [2 * B, L]);
    for (let i = 0; i < B * L; i++) {
      const masked = [i, B * L + i].filter((at) => tokens.data[at] === maskId).length;
      assert.equal(masked, windows.maskable[i], `token ${i}`);
    }
    assert.deepEqual(
      [...targets],
      Array.from(rows, (row) => windows.data[row % (B * L)]),
    );
    assert.ok(rows.every((row) => tokens.data[row] === maskId));
  }
});

test('the first copy is that of masked diffusion, with half of its weights', () => {
  const once = maskedDiffusion(options)(windows, place(1));
  const twice = complementaryDiffusion(options)(windows, place(1));
  assert.deepEqual(twice.tokens.data.subarray(0, B * L), once.tokens.data);
  const R = once.rows.length;
  assert.deepEqual(twice.rows.subarray(0, R), once.rows);
  for (let r = 0; r < R; r++) assert.equal(twice.weights[r], Math.fround(once.weights[r] / 2));
});

test('a model that pays the same for every token pays it in the mean of both copies', () => {
  let [sum, second] = [0, 0];
  const steps = 4000;
  for (let step = 0; step < steps; step++) {
    const { rows, weights } = complementaryDiffusion(options)(windows, place(step));
    for (const [r, weight] of weights.entries()) {
      sum += weight / steps;
      if (rows[r] >= B * L) second += weight / steps;
    }
  }
  assert.ok(Math.abs(sum - 1) < 0.02, `${sum}`);
  assert.ok(Math.abs(second - 0.5) < 0.02, `${second}`);
});
