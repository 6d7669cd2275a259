import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearNoise } from '../../diffusion/noise-schedule.ts';
import { withCausalWarmup } from './causal-warmup.ts';
import { maskedDiffusion } from './objective.ts';

const plain = maskedDiffusion({ seed: 3, schedule: linearNoise, maskId: 9 });
const objective = withCausalWarmup(plain, { updates: 2 });
const windows = { shape: [2, 3], data: Int32Array.of(5, 6, 7, 1, 2, 3) };
const place = { step: 1, firstRow: 0, batchRows: 4 };

test('by hand: at first the text is clean, every token but the first of a row is scored, and none sees a later one', () => {
  const maskable = Uint8Array.of(1, 1, 1, 0, 0, 1);
  const { tokens, rows, targets, weights, attentionMask } = objective({ ...windows, maskable }, place);
  assert.deepEqual([...tokens.data], [...windows.data]);
  // rows are those of the tokens; a network of shifted logits looks at the output before each
  assert.deepEqual([...rows], [1, 2, 5]);
  assert.deepEqual([...targets], [6, 7, 3]);
  const third = Math.fround(1 / 12);
  assert.deepEqual([...weights], [third, third, 0.25]);
  assert.deepEqual(attentionMask, {
    shape: [1, 3, 3],
    data: Uint8Array.of(1, 0, 0, 1, 1, 0, 1, 1, 1),
  });
});

test('afterwards it is the objective itself', () => {
  const after = { ...place, step: 2 };
  assert.deepEqual(objective(windows, after), plain(windows, after));
});
