import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FileError } from '../base/errors.ts';
import { type BlockFormat, type Blocks, blockShapes, blockWriter } from './block-quantisation.ts';

const place = { path: 'model.safetensors', name: 'w' };
const int4: BlockFormat = { bits: 4, block: 4, symmetric: false };
const int8: BlockFormat = { bits: 8, block: 4, symmetric: true };

function written(rows: Float32Array, shape: readonly number[], format: BlockFormat) {
  const writer = blockWriter(shape, format, place);
  writer.add(rows);
  return writer;
}

/** Number m of row n, from the definition. */
function numberAt({ codes, scales, zeros }: Blocks, format: BlockFormat, M: number, n: number, m: number) {
  const { bits, block } = format;
  const perRow = Math.ceil(M / block);
  const b = Math.floor(m / block);
  const nibble = (bytes: Uint8Array, rowBytes: number, i: number) =>
    bits === 8
      ? bytes[n * rowBytes + i]
      : Number.parseInt(bytes[n * rowBytes + (i >> 1)].toString(16).padStart(2, '0')[1 - (i & 1)], 16);
  const code = nibble(codes, (perRow * block * bits) / 8, m);
  const zero = zeros ? nibble(zeros, Math.ceil((perRow * bits) / 8), b) : 2 ** (bits - 1);
  return (code - zero) * scales[n * perRow + b];
}

test('4 bits by hand: from the least number to the largest in 15 steps, zero is exact', () => {
  const { blocks } = written(Float32Array.of(-1, 0, 6.5, 1, 2, 2), [1, 6], int4);
  // the first block reaches from -1 to 6.5 in steps of 0.5: zero is code 2; the second, padded, from 0 to 2
  assert.deepEqual([...blocks.codes], [0x20, 0x4f, 0xff, 0x00]);
  assert.deepEqual([...blocks.scales], [0.5, Math.fround(2 / 15)]);
  assert.deepEqual([...blocks.zeros!], [0x02, 0, 0, 0]);
});

test('8 bits by hand: to the largest magnitude on either side in 127 steps', () => {
  const { blocks } = written(Float32Array.of(-127, 0, 3, 64), [1, 4], int8);
  assert.deepEqual([...blocks.codes], [1, 128, 131, 192]);
  assert.deepEqual([...blocks.scales], [1]);
  assert.equal(blocks.zeros, undefined);
});

test('every number is read back within a step, and the error told is the error made', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(int4, int8, { ...int4, block: 64 }, { ...int8, symmetric: false }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer(),
      fc.constantFrom(1e-30, 1, 1e5),
      (format, N, M, seed, size) => {
        const rows = Float32Array.from({ length: N * M }, (_, i) => Math.sin(seed + i * i) * size);
        const writer = written(rows, [N, M], format);
        const perRow = Math.ceil(M / format.block);
        let squares = 0;
        for (let n = 0; n < N; n++) {
          for (let m = 0; m < M; m++) {
            const [w, read] = [rows[n * M + m], numberAt(writer.blocks, format, M, n, m)];
            const step = writer.blocks.scales[n * perRow + Math.floor(m / format.block)];
            // half of one, and as much again at the ends, where zero was moved to a code
            assert.ok(Math.abs(w - read) <= 1.0001 * step, `${w} and ${read}`);
            squares += (w - read) ** 2;
          }
        }
        assert.ok(Math.abs(squares - writer.squaredError) <= 1e-6 * squares, `${squares}`);
        const shapes = blockShapes([N, M], format);
        assert.equal(writer.blocks.scales.length, shapes.scales[0] * shapes.scales[1]);
        assert.equal(writer.blocks.zeros?.length, shapes.zeros?.[0]);
        assert.equal((writer.blocks.zeros?.length ?? 0) % 4, 0);
      },
    ),
    { numRuns: 200 },
  );
});

test('zeros stay zeros, and rows may come in any pieces', () => {
  const rows = Float32Array.from({ length: 6 * 10 }, (_, i) => (i % 20 < 10 ? 0 : Math.cos(i)));
  const whole = written(rows, [6, 10], int4).blocks;
  const writer = blockWriter([6, 10], int4, place);
  for (const [from, to] of [
    [0, 1],
    [1, 4],
    [4, 6],
  ])
    writer.add(rows.subarray(from * 10, to * 10));
  assert.deepEqual(writer.blocks, whole);
  for (let m = 0; m < 10; m++) assert.equal(Math.abs(numberAt(whole, int4, 10, 0, m)), 0);
});

test('numbers that are not finite are refused by name', () => {
  for (const wrong of [Number.NaN, Infinity, -Infinity]) {
    for (const format of [int4, int8])
      assert.throws(
        () => written(Float32Array.of(1, 2, wrong, 3), [2, 2], format),
        (error) => {
          assert.ok(error instanceof FileError);
          assert.match(error.message, /finite numbers, found others in tensor "w"/);
          return true;
        },
      );
  }
});
