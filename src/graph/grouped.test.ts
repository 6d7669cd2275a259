import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Data, openSession } from '../runtime/session.ts';
import type { NdArray } from '../base/array.ts';
import { argsort, groupedLinear } from './grouped.ts';
import { writeOnnx } from './onnx.ts';
import { Writer } from './onnx-writer.ts';
import { input, parameter, type Tensor } from './tensor.ts';

async function run(result: Tensor, feeds: Record<string, NdArray<Data>>): Promise<NdArray<Data>> {
  const session = await openSession(writeOnnx({ result }));
  const { result: given } = await session.run(feeds);
  await session.close();
  return given;
}

const ints = (...values: number[]): NdArray<BigInt64Array> => ({
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

test('argsort names the smallest first, of equal ones the first, and twice that of a permutation is its inverse', async () => {
  const x = input('x', 'int64', ['P']);
  const keys = [3, 1, 3, 0, 1, 3];
  assert.deepEqual((await run(argsort(x), { x: ints(...keys) })).data, ints(3, 1, 4, 0, 2, 5).data);
  const inverse = await run(argsort(argsort(x)), { x: ints(...keys) });
  assert.deepEqual(
    inverse.data,
    ints(3, 1, 4, 0, 2, 5).data.map((_, i) => BigInt([3, 1, 4, 0, 2, 5].indexOf(i))),
  );
});

test('each group of rows meets its own matrix, also where groups are empty or all rows are in one', async () => {
  const weights = ['a', 'b', 'c'].map((name) => input(name, 'float32', [2, 2]));
  const result = groupedLinear(input('x', 'float32', ['P', 2]), input('counts', 'int64', [3]), weights);
  const matrix = (...data: number[]): NdArray => ({ shape: [2, 2], data: Float32Array.from(data) });
  const feeds = { a: matrix(1, 0, 0, 1), b: matrix(0, 1, 1, 0), c: matrix(10, 0, 0, 100) };
  const x: NdArray = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  for (const [counts, expected] of [
    [
      [1, 1, 1],
      [1, 2, 4, 3, 50, 600],
    ],
    [
      [0, 2, 1],
      [2, 1, 4, 3, 50, 600],
    ],
    [
      [0, 0, 3],
      [10, 200, 30, 400, 50, 600],
    ],
    [
      [3, 0, 0],
      [1, 2, 3, 4, 5, 6],
    ],
  ]) {
    const { shape, data } = await run(result, { ...feeds, x, counts: ints(...counts) });
    assert.deepEqual([shape, Array.from(data, Number)], [[3, 2], expected]);
  }
});

test('the weights of groups are in a graph of their own, and not among those of the whole', () => {
  const weights = (name: string) =>
    ({ location: `${name}.bin`, offset: 0, length: 16, dtype: 'float32' }) as const;
  const writer = new Writer({ weights });
  const matrices = ['a', 'b', 'c'].map((name) => parameter(name, [2, 2]));
  writer.valueOf(groupedLinear(input('x', 'float32', ['P', 2]), input('counts', 'int64', [3]), matrices));
  const { nodes, initializers } = writer.graph;
  const stored = (tensors: readonly object[]) => tensors.filter((tensor) => 'externalData' in tensor).length;
  assert.equal(stored(initializers), 0);
  const own = nodes.flatMap(({ attribute = [] }) => attribute.flatMap(({ g }) => g ?? []));
  assert.deepEqual(
    own.map(({ initializer }) => stored(initializer)),
    [3, 0],
  );
});
