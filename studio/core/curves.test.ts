import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aligned, lossParts, over, RunCurves, smoothed, speedOf, splitAfter, thinned } from './curves.ts';

const step = (at: number, loss: unknown = at) => ({
  kind: 'step',
  step: at,
  loss,
  rate: 0.1,
  tokens: 10 * at,
});

test('rows become curves; what is not finite is a gap', () => {
  const curves = new RunCurves();
  curves.add([step(1), step(2, 'NaN'), step(3), { kind: 'validation', step: 3, natsPerToken: 2 }, {}]);
  assert.deepEqual(curves.loss, { steps: [1, 3], values: [1, 3] });
  assert.deepEqual(curves.tokens, { steps: [1, 2, 3], values: [10, 20, 30] });
  assert.deepEqual(curves.bound, { steps: [3], values: [2] });
});

test('a run that was resumed goes on from where it went back to', () => {
  const curves = new RunCurves();
  curves.add([step(1), step(2), { kind: 'validation', step: 2, natsPerToken: 9 }, step(3)]);
  curves.add([step(2, 7), step(3, 8)]);
  assert.deepEqual(curves.loss, { steps: [1, 2, 3], values: [1, 7, 8] });
  assert.deepEqual(curves.bound, { steps: [], values: [] });
});

test('smoothing leaves a constant as it is, and no smoothing any curve', () => {
  const constant = { steps: [1, 2, 3], values: [4, 4, 4] };
  assert.deepEqual(smoothed(constant, 50), constant);
  const curve = { steps: [1, 2, 3], values: [4, 1, 7] };
  assert.deepEqual(smoothed(curve, 1), curve);
  assert.deepEqual(smoothed(curve, 2).values, [4, 2.5, 4]);
  assert.deepEqual(smoothed(curve, 9).values, [4, 2.5, 4]);
});

test('a thinned curve has the mean, the last step, and no more points than asked for', () => {
  const steps = Array.from({ length: 1000 }, (_, i) => i + 1);
  const thin = thinned({ steps, values: steps }, 64);
  assert.deepEqual([thin.steps.length, thin.steps.at(-1)], [64, 1000]);
  assert.deepEqual(thinned({ steps: [1, 2, 3, 4], values: [1, 3, 5, 7] }, 2), {
    steps: [2, 4],
    values: [2, 6],
  });
});

test('a curve is split after a step, whether that is in it or not', () => {
  const curve = { steps: [1, 3, 4], values: [5, 6, 7] };
  const nothing = { steps: [], values: [] };
  const [begin, end] = [
    { steps: [1, 3], values: [5, 6] },
    { steps: [4], values: [7] },
  ];
  assert.deepEqual(splitAfter(curve, 3), [begin, end]);
  assert.deepEqual(splitAfter({ ...curve, steps: [1, 2, 4] }, 3)[1], end);
  assert.deepEqual(splitAfter(curve, 0), [nothing, curve]);
  assert.deepEqual(splitAfter(curve, 4), [curve, nothing]);
  const parts = (warmup: number) => lossParts(curve, warmup).map(({ what }) => what);
  assert.deepEqual([0, 3, 4].map(parts), [['loss'], ['causal warm-up', 'loss'], ['causal warm-up']]);
});

test('curves are aligned over the steps of all', () => {
  const columns = aligned([
    { steps: [1, 3], values: [5, 6] },
    { steps: [2, 3], values: [7, 8] },
  ]);
  assert.deepEqual(columns, [
    [1, 2, 3],
    [5, null, 6],
    [null, 7, 8],
  ]);
});

test('a curve is drawn over tokens or seconds as over steps', () => {
  const axis = { steps: [1, 2, 4], values: [10, 20, 40] };
  assert.deepEqual(over({ steps: [1, 3, 4], values: [5, 6, 7] }, axis), { steps: [10, 40], values: [5, 7] });
});

test('speed is that of the last fifty updates, wherever time is known', () => {
  const steps = Array.from({ length: 100 }, (_, i) => i + 1);
  const tokens = { steps, values: steps.map((step) => 10 * step) };
  // an update takes a second, and from the sixtieth on two
  const seconds = { steps, values: steps.map((step) => step + Math.max(0, step - 60)) };
  const speed = speedOf(tokens, seconds);
  assert.deepEqual([speed.steps[0], speed.values[0]], [2, 10]);
  assert.deepEqual([speed.steps.at(-1), speed.values.at(-1)], [100, (10 * 49) / (49 + 40 - 0)]);
  assert.deepEqual(speedOf(tokens, { steps: [], values: [] }), { steps: [], values: [] });
});
