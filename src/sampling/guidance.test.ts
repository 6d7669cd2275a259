import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../base/errors.ts';
import { withGuidance } from './guidance.ts';
import { type MaskPredictor, type StepContext, wholeCanvas } from './predictor.ts';

const M = 3;
const canvas = Int32Array.of(1, M, 2, M);
const context = wholeCanvas(4);

/** Its logits tell what it saw: [first token, third token, row]. */
const telling: MaskPredictor = (xt, rows) =>
  Promise.resolve({
    shape: [rows.length, 3],
    data: Float32Array.from([...rows].flatMap((i) => [xt[0], xt[2], i])),
  });

test('by hand: (1 + w) · seen − w · unseen, unseen being the given text masked', async () => {
  const guided = withGuidance(telling, { w: 0.5, canvas, maskId: M });
  const { shape, data } = await guided(canvas, Int32Array.of(1, 3), context);
  assert.deepEqual(shape, [2, 3]);
  // 1.5 · 1 − 0.5 · 3, 1.5 · 2 − 0.5 · 3, i
  assert.deepEqual([...data], [0, 1.5, 1, 0, 1.5, 3]);
});

test('w = 0 is the predictor itself', () => {
  assert.equal(withGuidance(telling, { w: 0, canvas, maskId: M }), telling);
});

test('w = −1 does not see the given text', async () => {
  const guided = withGuidance(telling, { w: -1, canvas, maskId: M });
  assert.deepEqual([...(await guided(canvas, Int32Array.of(1), context)).data], [3, 3, 1]);
});

test('what was written since the start is seen in both predictions', async () => {
  const seen: number[][] = [];
  const guided = withGuidance(
    (xt, rows, at) => {
      seen.push([...xt]);
      return telling(xt, rows, at);
    },
    { w: 1, canvas, maskId: M },
  );
  await guided(Int32Array.of(1, 0, 2, M), Int32Array.of(3), context);
  assert.deepEqual(seen, [
    [1, 0, 2, M],
    [M, 0, M, M],
  ]);
});

test('a weight that is not a number is refused', () => {
  assert.throws(() => withGuidance(telling, { w: NaN, canvas, maskId: M }), InvalidOptionError);
});

test('the context reaches both predictions', async () => {
  const moments: StepContext[] = [];
  const guided = withGuidance(
    (xt, rows, at) => {
      moments.push(at);
      return telling(xt, rows, at);
    },
    { w: 1, canvas, maskId: M },
  );
  await guided(canvas, Int32Array.of(1), context);
  assert.ok(moments.length === 2 && moments.every((at) => at === context));
});
