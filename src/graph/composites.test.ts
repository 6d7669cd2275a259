import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from '../base/array.ts';
import { uniforms } from '../base/random.ts';
import { type Feeds, openSession } from '../runtime/session.ts';
import {
  attention,
  attentionBeside,
  crossEntropy,
  geluTanh,
  linear,
  rmsNorm,
  rope,
  silu,
  splitHeads,
} from './composites.ts';
import { writeOnnx } from './onnx.ts';
import { slice } from './primitives.ts';
import { constant, input, type Tensor } from './tensor.ts';

const angles = Array.from({ length: 6 * 4 }, (_, i) => 0.37 * i);
const table = (f: (x: number) => number) => constant(angles.map(f), [6, 4]);
const positions = constant([0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0], [2, 6], 'int64');
const blocked = constant(
  Array.from({ length: 36 }, (_, i) => (i % 7 === 3 ? -1e30 : 0)),
  [1, 1, 6, 6],
);

/** Every operation that has a fused form. */
const cases: Record<
  string,
  { shapes: readonly (readonly number[])[]; build: (...inputs: Tensor[]) => Tensor }
> = {
  linear: { shapes: [[2, 6, 16], [8, 16], [8]], build: linear },
  silu: { shapes: [[2, 6, 16]], build: silu },
  geluTanh: { shapes: [[2, 6, 16]], build: geluTanh },
  rmsNorm: { shapes: [[2, 6, 16], [16]], build: (x, w) => rmsNorm(x, w, 1e-5) },
  rope: { shapes: [[2, 6, 16]], build: (x) => rope(x, positions, table(Math.cos), table(Math.sin), 2) },
  'rope of half of each head': {
    shapes: [[2, 6, 32]],
    build: (x) => rope(x, positions, table(Math.cos), table(Math.sin), 2),
  },
  attention: {
    shapes: [
      [2, 6, 16],
      [2, 6, 16],
      [2, 6, 16],
    ],
    build: (q, k, v) => attention(q, k, v, { heads: 4, kvHeads: 4 }),
  },
  'attention of another scale': {
    shapes: [
      [2, 6, 16],
      [2, 6, 16],
      [2, 6, 16],
    ],
    build: (q, k, v) => attention(q, k, v, { heads: 4, kvHeads: 4, scale: 1 }),
  },
  'attention with a bias and grouped queries': {
    shapes: [
      [2, 6, 16],
      [2, 6, 8],
      [2, 6, 8],
    ],
    build: (q, k, v) => attention(q, k, v, { heads: 4, kvHeads: 2, bias: blocked }),
  },
  crossEntropy: { shapes: [[3, 9]], build: (x) => crossEntropy(x, constant([8, 0, 3], [3], 'int32')) },
};

for (const [name, { shapes, build }] of Object.entries(cases)) {
  test(`${name}: the fused form equals the one from primitives`, async () => {
    const inputs = shapes.map((shape, i) => input(`x${i}`, 'float32', shape));
    const y = build(...inputs);
    const feeds: Feeds = Object.fromEntries(
      shapes.map((shape, i) => {
        const uniform = uniforms(i, 'synthetic');
        return [
          `x${i}`,
          { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, j) => 4 * uniform(j) - 2) },
        ];
      }),
    );
    const [fused, plain] = await Promise.all(
      [undefined, 'all' as const].map(async (expanded) => {
        const session = await openSession(writeOnnx({ y }, { expanded }));
        const { y: result } = await session.run(feeds);
        await session.close();
        return result;
      }),
    );
    assert.deepEqual(fused.shape, plain.shape);
    assert.ok(plain.data.some((value) => Math.abs(Number(value)) > 0.1));
    for (const [i, value] of fused.data.entries())
      assert.ok(Math.abs(Number(value) - Number(plain.data[i])) < 2e-5);
  });
}

for (const kvHeads of [4, 2])
  test(`attention beside a past is that over both, with ${kvHeads} of 4 heads`, async () => {
    const [q, k, v] = [
      input('q', 'float32', [2, 4, 16]),
      ...['k', 'v'].map((name) => input(name, 'float32', [2, 6, 4 * kvHeads])),
    ];
    const bias = constant(
      Array.from({ length: 24 }, (_, i) => (i % 7 === 3 ? -1e30 : 0)),
      [1, 1, 4, 6],
    );
    const half = (start: number, end: number) => {
      const [key, value] = [k, v].map((x) => slice(splitHeads(x, kvHeads), 2, start, end));
      return { key, value };
    };
    const apart = attentionBeside(q, half(0, 2), half(2, 6), { heads: 4, bias });
    const whole = attention(q, k, v, { heads: 4, kvHeads, bias });
    const session = await openSession(writeOnnx({ apart, whole }));
    const numbers = ({ shape }: Tensor, stream: number) => {
      const uniform = uniforms(stream, 'synthetic');
      const size = sizeOf(shape as number[]);
      return {
        shape: shape as number[],
        data: Float32Array.from({ length: size }, (_, j) => 4 * uniform(j) - 2),
      };
    };
    const found = await session.run({ q: numbers(q, 0), k: numbers(k, 1), v: numbers(v, 2) });
    await session.close();
    assert.deepEqual(found.apart.shape, [2, 4, 16]);
    for (const [i, value] of found.whole.data.entries())
      assert.ok(Math.abs(Number(value) - Number(found.apart.data[i])) < 2e-5);
  });
