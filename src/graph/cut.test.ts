import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NdArray } from '../base/array.ts';
import { openSession } from '../runtime/session.ts';
import { cut } from './cut.ts';
import { writeOnnx } from './onnx.ts';
import { add, exp, matmul, mul } from './primitives.ts';
import { input, type Tensor } from './tensor.ts';

const matrix = (...data: number[]): NdArray<Float32Array> => ({
  shape: [2, 2],
  data: Float32Array.from(data),
});
const feeds = { x: matrix(1, 2, 3, 4), w: matrix(0.5, -1, 0.25, 2), mask: matrix(1, 0, 0, 1) };

async function run(outputs: Readonly<Record<string, Tensor>>, given: typeof feeds) {
  const session = await openSession(writeOnnx(outputs));
  const results = await session.run(given);
  await session.close();
  return results;
}

/** Three layers that all look at the same of an input, each with an output of its own. */
function layers() {
  const [x, w, mask] = ['x', 'w', 'mask'].map((name) => input(name, 'float32', [2, 2]));
  const seen = exp(mask);
  const outputs: Record<string, Tensor> = {};
  const residuals: Tensor[] = [];
  let stream = x;
  for (let i = 0; i < 3; i++) {
    const own = mul(matmul(stream, w), seen);
    outputs[`own ${i}`] = own;
    residuals.push((stream = add(stream, own)));
  }
  return { outputs: { ...outputs, last: exp(stream) }, residuals };
}

test('the parts of a graph compute what it computes, one after the other', async () => {
  const { outputs, residuals } = layers();
  const whole = await run(outputs, feeds);
  const parts = cut(outputs, residuals.slice(0, 2));
  assert.deepEqual(
    parts.map((part) => Object.keys(part)),
    [
      ['cut 1', 'own 0'],
      ['cut 2', 'own 1'],
      ['own 2', 'last'],
    ],
  );
  const known: Record<string, unknown> = {};
  for (const part of parts) Object.assign(known, await run(part, { ...feeds, ...known }));
  for (const name of Object.keys(outputs))
    assert.deepEqual((known[name] as NdArray).data, whole[name].data, name);
});

test('a part needs nothing that only others read, and a graph that is not cut stays one', () => {
  const { outputs, residuals } = layers();
  const [, behind] = cut(outputs, [residuals[0]]);
  const inputs = writeOnnx(behind).inputs.map(({ name }) => name);
  assert.deepEqual(inputs.toSorted(), ['cut 1', 'mask', 'w']);
  assert.deepEqual(cut(outputs, []), [outputs]);
});
