import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NdArray, sizeOf } from '../base/array.ts';
import { uniforms } from '../base/random.ts';
import { type Feeds, openSession } from '../runtime/session.ts';
import { attention, crossEntropy, geluTanh, linear, rmsNorm, rope, silu } from './composites.ts';
import { differentiate } from './differentiate.ts';
import { groupedLinear } from './grouped.ts';
import { writeOnnx } from './onnx.ts';
import {
  add,
  cast,
  concat,
  div,
  exp,
  expand,
  gather,
  gatherElements,
  log,
  logSoftmax,
  matmul,
  mul,
  neg,
  pad,
  reciprocal,
  reduceSum,
  reshape,
  scatterAdd,
  sigmoid,
  slice,
  softmax,
  sqrt,
  sub,
  sumOfSquares,
  tanh,
  total,
  transpose,
  where,
} from './primitives.ts';
import { constant, parameter, type Tensor } from './tensor.ts';

interface Case {
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** The numbers to differentiate at: default between −2 and 2. */
  readonly from?: number;
}

const indices = (values: readonly number[], shape: readonly number[]) => constant(values, shape, 'int32');
const mask = constant([1, 0, 1, 1, 0, 1], [2, 3], 'bool');
const angles = [0.3, 1.1, 2, 0.7, 0.1, 1.9];
const table = (f: (x: number) => number, dtype = 'float64' as const) =>
  constant(angles.map(f), [3, 2], dtype);
const positions = constant([0, 1, 2, 2, 0, 1], [2, 3], 'int64');
const rotated = (x: Tensor) => rope(x, positions, table(Math.cos), table(Math.sin), 2);
const bias = constant([0, -1e30, 0, 0, 0, -1e30, 0, 0, 0], [1, 1, 3, 3], 'float64');

/** Every operation that has a gradient, with inputs of the shapes that its rules distinguish. */
const cases: Record<string, Case> = {
  'add, broadcast': { shapes: [[2, 3], [3]], build: add },
  'sub, broadcast': {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: sub,
  },
  'mul, broadcast both ways': {
    shapes: [
      [2, 1],
      [1, 3],
    ],
    build: mul,
  },
  'mul of a tensor with itself': { shapes: [[4]], build: (x) => mul(x, x) },
  div: { shapes: [[2, 3], [3]], build: div, from: 0.5 },
  neg: { shapes: [[3]], build: neg },
  exp: { shapes: [[3]], build: exp },
  log: { shapes: [[3]], build: log, from: 0.5 },
  sqrt: { shapes: [[3]], build: sqrt, from: 0.5 },
  reciprocal: { shapes: [[3]], build: reciprocal, from: 0.5 },
  tanh: { shapes: [[3]], build: tanh },
  sigmoid: { shapes: [[3]], build: sigmoid },
  where: { shapes: [[2, 3], [3]], build: (a, b) => where(mask, a, b) },
  cast: { shapes: [[3]], build: (x) => cast(mul(x, x), 'float64') },
  'reduceSum over one axis': { shapes: [[2, 3, 2]], build: (x) => reduceSum(x, [1]) },
  'reduceSum over two axes, kept': {
    shapes: [[2, 3, 2]],
    build: (x) => reduceSum(x, [0, -1], { keepDims: true }),
  },
  sumOfSquares: { shapes: [[2, 3]], build: (x) => sumOfSquares(x, [-1]) },
  softmax: { shapes: [[2, 3]], build: softmax },
  logSoftmax: { shapes: [[2, 3]], build: logSoftmax },
  reshape: { shapes: [[2, 3]], build: (x) => reshape(x, [3, 2]) },
  expand: { shapes: [[2, 1]], build: (x) => expand(x, [4, 2, 3]) },
  transpose: { shapes: [[2, 3, 4]], build: (x) => transpose(x, [2, 0, 1]) },
  concat: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (a, b) => concat([a, b], -1),
  },
  slice: { shapes: [[2, 4]], build: (x) => slice(x, 1, 1, 3) },
  pad: { shapes: [[2, 2]], build: (x) => pad(x, 1, 1, 2) },
  'gather, with an index twice': { shapes: [[4, 2]], build: (x) => gather(x, indices([1, 3, 1], [3])) },
  'gather by a matrix': { shapes: [[4, 2]], build: (x) => gather(x, indices([1, 3, 1, 0], [2, 2])) },
  gatherElements: { shapes: [[2, 3]], build: (x) => gatherElements(x, indices([2, 2, 0, 1], [2, 2]), 1) },
  scatterAdd: {
    shapes: [
      [3, 2],
      [2, 2],
    ],
    build: (x, y) => scatterAdd(x, indices([1, 0, 1, 2], [2, 2]), y, 0),
  },
  'groupedLinear, one group empty': {
    shapes: [
      [4, 3],
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    build: (x, ...weights) => groupedLinear(x, constant([3, 0, 1], [3], 'int64'), weights),
  },
  'groupedLinear the other way': {
    shapes: [
      [4, 3],
      [3, 2],
      [3, 2],
    ],
    build: (x, ...weights) => groupedLinear(x, constant([1, 3], [2], 'int64'), weights, 'plain'),
  },
  matmul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    build: (a, b) => matmul(a, b, { alpha: 0.7 }),
  },
  'matmul aᵀ b': {
    shapes: [
      [3, 2],
      [3, 4],
    ],
    build: (a, b) => matmul(a, b, { transA: true }),
  },
  'matmul a bᵀ': {
    shapes: [
      [2, 3],
      [4, 3],
    ],
    build: (a, b) => matmul(a, b, { transB: true }),
  },
  'matmul aᵀ bᵀ': {
    shapes: [
      [3, 2],
      [4, 3],
    ],
    build: (a, b) => matmul(a, b, { transA: true, transB: true }),
  },
  'matmul of batches': {
    shapes: [
      [2, 1, 2, 3],
      [3, 3, 4],
    ],
    build: (a, b) => matmul(a, b),
  },
  'matmul of a batch and a matrix': {
    shapes: [
      [2, 2, 3],
      [3, 4],
    ],
    build: (a, b) => matmul(a, b),
  },
  'matmul of a transposed batch and a matrix': {
    shapes: [
      [2, 3, 2],
      [3, 4],
    ],
    build: (a, b) => matmul(a, b, { transA: true }),
  },
  linear: { shapes: [[2, 2, 3], [4, 3], [4]], build: linear },
  silu: { shapes: [[2, 3]], build: silu },
  geluTanh: { shapes: [[2, 3]], build: geluTanh },
  rmsNorm: { shapes: [[2, 2, 3], [3]], build: (x, w) => rmsNorm(x, w, 1e-3) },
  rope: { shapes: [[2, 3, 8]], build: rotated },
  'rope of a part of each head': { shapes: [[2, 3, 12]], build: rotated },
  attention: {
    shapes: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    build: (q, k, v) => attention(q, k, v, { heads: 2, kvHeads: 2 }),
  },
  'attention with a bias and grouped queries': {
    shapes: [
      [2, 3, 8],
      [2, 3, 4],
      [2, 3, 4],
    ],
    build: (q, k, v) => attention(q, k, v, { heads: 4, kvHeads: 2, bias }),
  },
  crossEntropy: { shapes: [[3, 4]], build: (x) => crossEntropy(x, indices([2, 0, 2], [3])) },
};

for (const [name, { shapes, build, from = -2 }] of Object.entries(cases)) {
  test(`the gradient of ${name} equals finite differences in float64`, async () => {
    const uniform = uniforms(7, 'synthetic');
    const parameters = shapes.map((shape, i) => parameter(`p${i}`, shape, 'float64'));
    const output = build(...parameters);
    // a weighted sum, so that every element of the result has a gradient of its own
    const size = sizeOf(output.shape as number[]);
    const weights = constant(
      Float64Array.from({ length: size }, (_, i) => uniform(i) + 0.5),
      output.shape as number[],
      'float64',
    );
    const { loss, gradients } = differentiate(total(mul(output, weights)), parameters);
    for (const [i, gradient] of gradients.entries()) assert.deepEqual(gradient.shape, parameters[i].shape);

    const outputs = { loss, ...Object.fromEntries(gradients.map((gradient, i) => [`g${i}`, gradient])) };
    const session = await openSession(writeOnnx(outputs));
    const values = shapes.map((shape, i) => ({
      shape,
      data: Float64Array.from(
        { length: sizeOf(shape) },
        (_, j) => from + (2 - from) * uniform(1000 * (i + 1) + j),
      ),
    }));
    const feeds: Feeds = Object.fromEntries(values.map((value, i) => [`p${i}`, value]));
    const lossAt = async () => (await session.run(feeds)).loss.data[0] as number;
    const analytic = await session.run(feeds);

    const h = 1e-5;
    for (const [i, { data }] of values.entries()) {
      for (let j = 0; j < data.length; j++) {
        const x = data[j];
        data[j] = x + h;
        const above = await lossAt();
        data[j] = x - h;
        const below = await lossAt();
        data[j] = x;
        const numeric = (above - below) / (2 * h);
        const given = analytic[`g${i}`].data[j] as number;
        assert.ok(
          Math.abs(given - numeric) < 1e-7 * (1 + Math.abs(numeric)),
          `input ${i} [${j}]: ${given}, not ${numeric}`,
        );
      }
    }
    await session.close();
  });
}

test('a parameter that the loss does not depend on has gradient zero', async () => {
  const [a, b] = [parameter('a', [2], 'float64'), parameter('b', [3], 'float64')];
  const { loss, gradients } = differentiate(total(mul(a, a)), [a, b]);
  const session = await openSession(writeOnnx({ loss, db: gradients[1] }));
  const { db } = await session.run({ a: { shape: [2], data: Float64Array.of(1, 2) } });
  assert.deepEqual([...(db as NdArray<Float64Array>).data], [0, 0, 0]);
  await session.close();
});

test('what is not a scalar cannot be differentiated, and the error says so', () => {
  assert.throws(
    () => differentiate(parameter('a', [2]), []),
    /only a scalar can be differentiated, not \[2\]/,
  );
});
