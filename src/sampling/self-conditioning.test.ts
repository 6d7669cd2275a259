import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NdArray } from '../base/array.ts';
import type { MaskPredictor, StepContext } from './predictor.ts';
import { annealedTemperature, withSelfConditioning, withTemperature } from './self-conditioning.ts';

const context = (index: number, start: number, end: number, t = 1): StepContext => ({
  block: { index, start, end },
  t,
});

/** Logits [10 i, 10 i + 1] at position i; the calls are kept. */
function watched(): { predict: MaskPredictor; calls: { rows: number[]; previousLogits?: NdArray }[] } {
  const calls: { rows: number[]; previousLogits?: NdArray }[] = [];
  const predict: MaskPredictor = (_, rows, { previousLogits }) => {
    calls.push({ rows: [...rows], previousLogits });
    const data = Float32Array.from([...rows].flatMap((i) => [10 * i, 10 * i + 1]));
    return Promise.resolve({ shape: [rows.length, 2], data });
  };
  return { predict, calls };
}

test('in a block a predictor is told what it said of all its positions, and in the next nothing at first', async () => {
  const { predict, calls } = watched();
  const conditioned = withSelfConditioning(predict);
  const xt = new Int32Array(8);
  const first = await conditioned(xt, Int32Array.of(3, 4), context(0, 2, 5));
  assert.deepEqual([...first.data], [30, 31, 40, 41]);
  await conditioned(xt, Int32Array.of(3, 4), context(0, 2, 5));
  await conditioned(xt, Int32Array.of(5, 6), context(1, 5, 7));
  assert.deepEqual(
    calls.map(({ rows }) => rows),
    [
      [2, 3, 4],
      [2, 3, 4],
      [5, 6],
    ],
  );
  assert.deepEqual(
    calls.map(({ previousLogits }) => previousLogits && [...previousLogits.data]),
    [undefined, [20, 21, 30, 31, 40, 41], undefined],
  );
});

test('a temperature divides the logits, and is in what a predictor is told of itself', async () => {
  const { predict, calls } = watched();
  const tempered = withSelfConditioning(withTemperature(predict, annealedTemperature(2, 1)));
  const xt = new Int32Array(4);
  const { data } = await tempered(xt, Int32Array.of(1), context(0, 1, 2, 1));
  assert.deepEqual([...data], [5, 5.5]);
  const later = await tempered(xt, Int32Array.of(1), context(0, 1, 2, 0));
  assert.deepEqual([...later.data], [10, 11]);
  assert.deepEqual([...calls[1].previousLogits!.data], [5, 5.5]);
});
