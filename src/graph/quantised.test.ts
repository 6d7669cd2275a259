import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { NdArray } from '../base/array.ts';
import { blockShapes, blockWriter } from '../checkpoint/block-quantisation.ts';
import { narrowF16, widenF16 } from '../checkpoint/half.ts';
import { openSession } from '../runtime/session.ts';
import { linear } from './composites.ts';
import { writeOnnx } from './onnx.ts';
import type { ExternalData, QuantisedData } from './value-writer.ts';
import { add, gather, matmul } from './primitives.ts';
import { input, parameter, type Tensor } from './tensor.ts';
import { GraphError } from './tensor-type.ts';
import { usesOfParameters } from './uses.ts';

const folder = await mkdtemp(join(tmpdir(), 'unmask-quantised-'));
after(() => rm(folder, { recursive: true, force: true }));

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i * i));

/** Puts pieces of bytes into one file, each behind some bytes of others. */
async function store(pieces: Readonly<Record<string, Uint8Array>>) {
  const file = `${Object.keys(pieces).join('-')}.bin`;
  let bytes = Buffer.alloc(64);
  const offsets: Record<string, number> = {};
  for (const [name, piece] of Object.entries(pieces)) {
    offsets[name] = bytes.length;
    bytes = Buffer.concat([bytes, piece]);
  }
  await writeFile(join(folder, file), bytes);
  return (name: string, dtype: ExternalData['dtype']): ExternalData => ({
    location: file,
    offset: offsets[name],
    length: pieces[name].length,
    dtype,
  });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

async function run(
  outputs: Record<string, Tensor>,
  weights: Record<string, ExternalData | QuantisedData>,
  feeds: Record<string, NdArray | NdArray<Int32Array>>,
  { exact = false }: { exact?: boolean } = {},
) {
  const model = writeOnnx(outputs, { weights: (name) => weights[name], exact });
  const session = await openSession(model, { folder, keepStoredTypes: exact });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

for (const { bits, symmetric } of [
  { bits: 4, symmetric: false },
  { bits: 4, symmetric: true },
  { bits: 8, symmetric: true },
  { bits: 8, symmetric: false },
] as const) {
  test(`${bits} bits, ${symmetric ? 'symmetric' : 'with zero points'}: x Wᵀ and y W are those of the numbers in the blocks, for every width`, async () => {
    for (const [R, N, M] of [
      [3, 5, 64],
      [1, 7, 48],
      [40, 33, 344],
      [2, 8, 20],
      [3, 700, 128],
    ]) {
      const format = { bits, block: 64, symmetric };
      const w = numbers(N * M, bits);
      const writer = blockWriter([N, M], format, { path: '', name: 'w' });
      writer.add(w);
      const { codes, scales, zeros } = writer.blocks;
      const at = await store({ codes, scales: bytesOf(scales), ...(zeros && { zeros }) });
      const data: QuantisedData = {
        bits,
        block: 64,
        codes: at('codes', 'uint8'),
        scales: at('scales', 'float32'),
        ...(zeros && { zeros: at('zeros', 'uint8') }),
      };
      const x = numbers(R * M, 3);
      const y = linear(input('x', 'float32', [1, 'R', M]), parameter('w', [N, M]));
      const result = await run({ y }, { w: data }, { x: { shape: [1, R, M], data: x } });
      assert.deepEqual(result.y.shape, [1, R, N]);
      const g = input('g', 'float32', [1, 'R', N]);
      const feeds = {
        x: { shape: [1, R, M], data: x },
        g: { shape: [1, R, N], data: numbers(R * N, 5) },
      };
      const outputs = { y, back: matmul(g, parameter('w', [N, M])) };
      const exactly = await run(outputs, { w: data }, feeds, { exact: true });
      const back = new Float64Array(R * M);
      let [error, size, worst] = [0, 0, 0];
      const { scales: shape } = blockShapes([N, M], format);
      for (let r = 0; r < R; r++) {
        for (let n = 0; n < N; n++) {
          let expected = 0;
          for (let m = 0; m < M; m++) {
            const b = n * shape[1] + Math.floor(m / 64);
            const i = m % 64;
            const code = bits === 8 ? codes[b * 64 + i] : (codes[b * 32 + (i >> 1)] >> (4 * (i & 1))) & 15;
            const zeroAt = n * Math.ceil(shape[1] / 2) + (Math.floor(m / 64) >> 1);
            const half = bits === 4 && zeros ? (zeros[zeroAt] >> (4 * (Math.floor(m / 64) & 1))) & 15 : 0;
            const zero = zeros ? (bits === 8 ? zeros[b] : half) : 2 ** (bits - 1);
            const weight = (code - zero) * scales[b];
            expected += x[r * M + m] * weight;
            back[r * M + m] += feeds.g.data[r * N + n] * weight;
          }
          worst = Math.max(worst, Math.abs(expected - Number(exactly.y.data[r * N + n])));
          error += (expected - Number(result.y.data[r * N + n])) ** 2;
          size += expected ** 2;
        }
      }
      // what is left is x rounded to 8 bits
      assert.ok(Math.sqrt(error / size) < 0.01, `${R}, ${N}, ${M}: ${Math.sqrt(error / size)}`);
      for (const [i, value] of exactly.back.data.entries())
        worst = Math.max(worst, Math.abs(back[i] - Number(value)));
      assert.ok(worst < 1e-5 * Math.sqrt(size / R / N), `${R}, ${N}, ${M}: ${worst}`);
    }
  });
}

test('rows of a table of 16 bits are gathered, then cast; a head in blocks may share its name with it', async () => {
  const [V, D] = [6, 64];
  const w = numbers(V * D, 1);
  const halves = new Uint16Array(w.length);
  narrowF16(w, halves);
  const writer = blockWriter([V, D], { bits: 8, block: 64, symmetric: true }, { path: '', name: 'w' });
  writer.add(w);
  const { codes, scales } = writer.blocks;
  const at = await store({ codes, scales: bytesOf(scales), table: bytesOf(halves) });
  const table = at('table', 'float16');
  const rows = gather(parameter('w', [V, D]), input('ids', 'int32', ['R']));
  const outputs = { rows, products: linear(rows, parameter('w', [V, D])) };
  const ids = { shape: [2], data: Int32Array.of(4, 1) };

  const blocks = {
    bits: 8,
    block: 64,
    codes: at('codes', 'uint8'),
    scales: at('scales', 'float32'),
  } as const;
  const { rows: taken, products } = await run(outputs, { w: { ...blocks, table } }, { ids });
  const widened = new Float32Array(w.length);
  widenF16(halves, widened);
  const expected = [4, 1].flatMap((id) => [...widened.subarray(id * D, (id + 1) * D)]);
  assert.deepEqual([...taken.data], expected);

  const { products: exact } = await run(outputs, { w: table }, { ids });
  for (const [i, product] of products.data.entries())
    assert.ok(Math.abs(Number(product) - Number(exact.data[i])) < 0.3, `${product} and ${exact.data[i]}`);
  const { bytes } = writeOnnx({ rows }, { weights: () => table });
  const text = Buffer.from(bytes).toString('latin1');
  assert.ok(text.indexOf('Gather') < text.indexOf('Cast'), 'the cast comes after the gather');
});

test('casts of weights stand before all else, so that each is done just before its product', () => {
  const half: ExternalData = { location: 'f', offset: 0, length: 0, dtype: 'float16' };
  const layer = (x: Tensor, name: string) => linear(x, parameter(name, [8, 8]));
  const y = layer(layer(input('x', 'float32', ['R', 8]), 'first'), 'second');
  const text = Buffer.from(writeOnnx({ y }, { weights: () => half }).bytes).toString('latin1');
  const at = (pattern: RegExp) => text.search(pattern);
  assert.ok(at(/Cast \w+ of first/) >= 0 && at(/Cast \w+ of second/) >= 0);
  assert.ok(at(/Cast \w+ of second/) < at(/FusedMatMul \w+ of first/));
});

test('a matrix in blocks that is used otherwise is an error of ours', () => {
  const location: ExternalData = { location: 'f', offset: 0, length: 0, dtype: 'uint8' };
  const blocks: QuantisedData = { bits: 4, block: 64, codes: location, scales: location };
  const w = parameter('w', [64, 64]);
  const x = input('x', 'float32', [64, 64]);
  for (const wrong of [add(x, w), gather(w, input('ids', 'int32', ['R'])), w])
    assert.throws(
      () => writeOnnx({ wrong }, { weights: () => blocks }),
      (error) => error instanceof GraphError && /which is stored in blocks of 4 bits/.test(error.message),
    );
});

test('the uses of a parameter are told apart', () => {
  const x = input('x', 'float32', ['R', 8]);
  const shared = parameter('shared', [8, 8]);
  const uses = usesOfParameters([
    linear(gather(shared, input('ids', 'int32', ['R'])), shared, parameter('bias', [8])),
    matmul(x, parameter('plain', [8, 8])),
    linear(x, parameter('head', [8, 8])),
  ]);
  assert.deepEqual(Object.fromEntries(uses), {
    shared: new Set(['rows', 'product']),
    bias: new Set(['other']),
    plain: new Set(['other']),
    head: new Set(['product']),
  });
});
