import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSession } from '../runtime/session.ts';
import { differentiate } from './differentiate.ts';
import { writeOnnx } from './onnx.ts';
import { matmul, reduceSum } from './primitives.ts';
import { input } from './tensor.ts';
import { notPrepacked } from './not-prepacked.ts';

test('a matrix that is not packed multiplies like itself, and has the same gradient', async () => {
  const [x, w] = [input('x', 'float32', ['P', 2]), input('w', 'float32', [2, 2])];
  const y = matmul(x, notPrepacked(w, x));
  const [gradient] = differentiate(reduceSum(y, [0, 1]), [w]).gradients;
  const session = await openSession(writeOnnx({ y, gradient }));
  const results = await session.run({
    x: { shape: [1, 2], data: Float32Array.of(2, 3) },
    w: { shape: [2, 2], data: Float32Array.of(1, 10, 100, 1000) },
  });
  await session.close();
  assert.deepEqual([...results.y.data], [302, 3020]);
  assert.deepEqual([...results.gradient.data], [2, 2, 3, 3]);
});
