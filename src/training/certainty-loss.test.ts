import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NdArray } from '../base/array.ts';
import { uniforms } from '../base/random.ts';
import { differentiate } from '../graph/differentiate.ts';
import { writeOnnx } from '../graph/onnx.ts';
import { input, parameter } from '../graph/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { certaintyLoss } from './certainty-loss.ts';

const [R, V] = [4, 6];
const array = (shape: number[], sample: number, scale = 1): NdArray => {
  const uniform = uniforms(3, 'synthetic', 0, sample);
  return {
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => scale * (uniform(i) - 0.5)),
  };
};
const logits = array([R, V], 0, 4);
const feeds = {
  targets: { shape: [R], data: Int32Array.of(0, 0, 0, 5) },
  weights: { shape: [R], data: Float32Array.of(0.5, 0.25, 0, 1) },
  certainty: { shape: [R], data: Float32Array.of(0.7, 0.3, 0, 0.2) },
  kept: { shape: [R], data: Float32Array.of(0, 0, 0.9, 0.1) },
  teacher: array([R, V], 1, 4),
};
// two rows are right, the others wrong
for (const r of [0, 3]) logits.data[r * V + feeds.targets.data[r]] = 2.5;
for (const r of [1, 2]) logits.data[r * V + 4] = 2.5;

/** The formula of the docstring, in float64. */
function byHand(z: ArrayLike<number>): number {
  const row = (from: ArrayLike<number>, r: number, scale = 1) =>
    Array.from({ length: V }, (_, v) => scale * from[r * V + v]);
  const logSoftmax = (x: number[]) => {
    const log = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
    return x.map((value) => value - log);
  };
  let loss = 0;
  for (let r = 0; r < R; r++) {
    const target = feeds.targets.data[r];
    const now = logSoftmax(row(z, r));
    const sharp = logSoftmax(row(z, r, 2));
    const before = logSoftmax(row(feeds.teacher.data, r));
    const entropy = -sharp.reduce((sum, value) => sum + Math.exp(value) * value, 0);
    const divergence = before.reduce((sum, value, v) => sum + Math.exp(value) * (value - now[v]), 0);
    const isRight = Math.max(...now) === now[target];
    loss -= feeds.weights.data[r] * now[target];
    if (isRight) loss += feeds.certainty.data[r] * entropy;
    loss += feeds.kept.data[r] * divergence;
  }
  return loss;
}

test('the loss of certainty forcing and its gradient are those of its formula', async () => {
  const z = parameter('logits', [R, V]);
  const loss = certaintyLoss({
    logits: z,
    targets: input('targets', 'int32', [R]),
    weights: input('weights', 'float32', [R]),
  });
  const { gradients } = differentiate(loss, [z]);
  const session = await openSession(writeOnnx({ loss, gradient: gradients[0] }, { exact: true }), {});
  try {
    const result = await session.run({ ...feeds, logits });
    assert.ok(Math.abs((result['loss'].data[0] as number) - byHand(logits.data)) < 1e-5);
    for (let i = 0; i < R * V; i++) {
      const moved = (by: number) => Array.from(logits.data, (value, j) => (i === j ? value + by : value));
      const slope = (byHand(moved(1e-5)) - byHand(moved(-1e-5))) / 2e-5;
      assert.ok(Math.abs((result['gradient'].data[i] as number) - slope) < 1e-4, `logit ${i}`);
    }
  } finally {
    await session.close();
  }
});
