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

test('matrices in blocks have their codes in the outermost graph, and scales and zeros in one of their own', () => {
  const part = (location: string, dtype: 'uint8' | 'float32') => ({ location, offset: 0, length: 64, dtype });
  const writer = new Writer({
    weights: () => ({
      bits: 4,
      block: 64,
      codes: part('codes', 'uint8'),
      scales: part('scales', 'float32'),
      zeros: part('zeros', 'uint8'),
    }),
  });
  const matrices = ['a', 'b', 'c'].map((name) => parameter(name, [2, 64]));
  writer.valueOf(groupedLinear(input('x', 'float32', ['P', 64]), input('counts', 'int64', [3]), matrices));
  const { nodes, initializers } = writer.graph;
  const files = (tensors: readonly object[]) =>
    (tensors as { readonly externalData?: { readonly value: string }[] }[]).flatMap(
      ({ externalData }) => externalData?.[0].value ?? [],
    );
  assert.deepEqual(files(initializers), ['codes', 'codes', 'codes']);
  const [own, otherwise] = nodes.flatMap(({ attribute = [] }) => attribute.flatMap(({ g }) => g ?? []));
  assert.deepEqual(
    files(own.initializer),
    ['a', 'b', 'c'].flatMap(() => ['scales', 'zeros']),
  );
  assert.deepEqual(files(otherwise.initializer), []);
});
