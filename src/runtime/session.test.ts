import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeOnnx } from '../graph/onnx.ts';
import { add, expand, gather, matmul, reshape, transpose } from '../graph/primitives.ts';
import { constant, input, parameter, scalar } from '../graph/tensor.ts';
import { openSession, type Session } from './session.ts';

const floats = (shape: readonly number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });

async function withSession<T>(session: Session, use: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

test('dimensions that are known only when the graph runs are read off its inputs', async () => {
  const x = input('x', 'float32', ['B', 'L', 6]);
  const heads = transpose(reshape(x, ['B', 'L', 2, 3]), [0, 2, 1, 3]);
  const y = add(heads, expand(scalar(1), ['B', 2, 'L', 3]));
  await withSession(await openSession(writeOnnx({ y })), async (session) => {
    const { y: result } = await session.run({ x: floats([1, 2, 6], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) });
    assert.deepEqual(result.shape, [1, 2, 2, 3]);
    assert.deepEqual([...(result.data as Float32Array)], [1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12]);
  });
});

test('equal nodes are computed once, and one value can be two outputs', async () => {
  const x = input('x', 'float32', [2]);
  const [a, b] = [add(x, scalar(1)), add(x, scalar(1))];
  const model = writeOnnx({ a, b });
  await withSession(await openSession(model), async (session) => {
    const results = await session.run({ x: floats([2], 1, 2) });
    assert.deepEqual([...(results.a.data as Float32Array)], [2, 3]);
    assert.deepEqual([...(results.b.data as Float32Array)], [2, 3]);
  });
});

const model = () => writeOnnx({ y: matmul(input('x', 'float32', ['B', 2]), parameter('w', [2, 2])) });
const w = floats([2, 2], 1, 0, 0, 1);

const mistakes: Record<string, { feeds: Record<string, ReturnType<typeof floats>>; message: RegExp }> = {
  'an input that is not given': {
    feeds: { w },
    message: /x: is an input of the graph, of shape \[B, 2\], and has to be given/,
  },
  'an input of another width': {
    feeds: { x: floats([1, 3], 1, 2, 3), w },
    message: /x: must have the shape \[B = 1, 2\], got \[1,3\]/,
  },
  'an input of another rank': {
    feeds: { x: floats([2], 1, 2), w },
    message: /x: must have the shape \[B, 2\], got \[2\]/,
  },
  'too few numbers for a shape': {
    feeds: { x: floats([2, 2], 1), w },
    message: /x: must have 4 elements for its shape \[2, 2\], got 1/,
  },
};
for (const [name, { feeds, message }] of Object.entries(mistakes)) {
  test(`${name} is refused with a sentence`, async () => {
    await withSession(await openSession(model()), (session) => assert.rejects(session.run(feeds), message));
  });
}

test('a failure while running names the node and the weight', async () => {
  const y = gather(parameter('embedding.weight', [3, 2]), input('tokens', 'int32', ['L']));
  await withSession(await openSession(writeOnnx({ y })), async (session) => {
    const tokens = { shape: [1], data: Int32Array.of(7) };
    const table = floats([3, 2], 0, 1, 2, 3, 4, 5);
    await assert.rejects(
      session.run({ tokens, 'embedding.weight': table }),
      /^UnsupportedError: cpu: .*Gather .*embedding\.weight/,
    );
  });
});

test('a run that was aborted before it began does not begin', async () => {
  await withSession(await openSession(model()), async (session) => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(session.run({ x: floats([1, 2], 1, 2), w }, { signal }), /enough/);
  });
});

test('a number of threads that is none is refused', async () => {
  await assert.rejects(
    openSession(model(), { threads: 0 }),
    /threads: must be a whole number from 1 up, got 0/,
  );
});

test('a large constant is part of the graph', async () => {
  const table = constant(
    Float32Array.from({ length: 4000 }, (_, i) => i),
    [2000, 2],
  );
  await withSession(
    await openSession(writeOnnx({ y: gather(table, input('i', 'int32', [1])) })),
    async (session) => {
      const { y } = await session.run({ i: { shape: [1], data: Int32Array.of(1999) } });
      assert.deepEqual([...(y.data as Float32Array)], [3998, 3999]);
    },
  );
});

test('an output is written where it is asked to be', async () => {
  await withSession(await openSession(model()), async (session) => {
    const y = floats([1, 2], 0, 0);
    await session.run({ x: floats([1, 2], 3, 4), w }, { into: { y } });
    assert.deepEqual([...y.data], [3, 4]);
    await assert.rejects(
      session.run({ x: floats([1, 2], 3, 4), w }, { into: { y: floats([2], 0, 0) } }),
      /output y/,
    );
  });
});
