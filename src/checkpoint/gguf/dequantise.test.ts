import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensorTypes } from './types.ts';

/**
 * A reading of the block layouts of ggml-common.h that shares nothing with the code: a block is one long number, its
 * fields are bit ranges of it, and each number of the block is worked out by itself, every operation rounded to float32
 * as C does it.
 */
type Field = (firstBit: number, bits: number) => number;
const f = Math.fround;

const references: Readonly<Record<string, (field: Field, i: number) => number>> = {
  Q4_0: (field, i) => f(f(nibble(field, 16, i) - 8) * half(field, 0)),
  Q4_1: (field, i) => f(f(nibble(field, 32, i) * half(field, 0)) + half(field, 16)),
  Q5_0: (field, i) => f(f(nibble(field, 48, i) + 16 * field(16 + i, 1) - 16) * half(field, 0)),
  Q5_1: (field, i) => f(f((nibble(field, 64, i) + 16 * field(32 + i, 1)) * half(field, 0)) + half(field, 16)),
  Q8_0: (field, i) => f(signed(field(16 + 8 * i, 8)) * half(field, 0)),
  Q4_K: (field, i) => {
    const part = Math.floor(i / 32);
    return superBlock(
      field,
      part,
      field(128 + 256 * Math.floor(part / 2) + 8 * (i % 32) + 4 * (part % 2), 4),
    );
  },
  Q5_K: (field, i) => {
    const part = Math.floor(i / 32);
    const low = field(384 + 256 * Math.floor(part / 2) + 8 * (i % 32) + 4 * (part % 2), 4);
    return superBlock(field, part, low + 16 * field(128 + 8 * (i % 32) + part, 1));
  },
  Q6_K: (field, i) => {
    const [side, within] = [Math.floor(i / 128), i % 128];
    const low = field(512 * side + 8 * (within % 64) + (within < 64 ? 0 : 4), 4);
    const high = field(1024 + 256 * side + 8 * (within % 32) + 2 * Math.floor(within / 32), 2);
    const scale = signed(field(1536 + 8 * Math.floor(i / 16), 8));
    return f(f(half(field, 1664) * scale) * (low + 16 * high - 32));
  },
};

/** Of 32 numbers in 16 bytes. */
const nibble = (field: Field, from: number, i: number): number =>
  field(from + 8 * (i % 16) + (i < 16 ? 0 : 4), 4);

const signed = (byte: number): number => (byte < 128 ? byte : byte - 256);

function half(field: Field, at: number): number {
  const [mantissa, exponent, sign] = [field(at, 10), field(at + 10, 5), field(at + 15, 1) ? -1 : 1];
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? (sign * mantissa) / 2 ** 24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** d · scale · q − m · minimum, scale and minimum being six bits that lie in one byte or in two. */
function superBlock(field: Field, part: number, q: number): number {
  const byte = (n: number, first: number, bits: number): number => field(32 + 8 * n + first, bits);
  const scale = part < 4 ? byte(part, 0, 6) : byte(part + 4, 0, 4) + 16 * byte(part - 4, 6, 2);
  const minimum = part < 4 ? byte(part + 4, 0, 6) : byte(part + 4, 4, 4) + 16 * byte(part, 6, 2);
  return f(f(f(half(field, 0) * scale) * q) - f(half(field, 16) * minimum));
}

const dequantisable = [...tensorTypes.values()].filter(({ dequantise }) => dequantise);

test('every type that is dequantised is compared here', () => {
  assert.deepEqual(dequantisable.map(({ name }) => name).sort(), Object.keys(references).sort());
});

for (const { name, blockElements, blockBytes, dequantise } of dequantisable) {
  test(`${name}: 200 blocks of random bits are what the layout says, to the bit`, () => {
    let state = 7;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    const blocks = Uint8Array.from({ length: 200 * blockBytes }, random);
    const numbers = new Float32Array(200 * blockElements);
    dequantise!(blocks, numbers);
    let finite = 0;
    for (let block = 0; block < 200; block++) {
      const bytes = blocks.subarray(block * blockBytes, (block + 1) * blockBytes);
      const hex = Buffer.from(bytes.toReversed()).toString('hex');
      const whole = BigInt(`0x${hex}`);
      const field: Field = (first, bits) => Number((whole >> BigInt(first)) & ((1n << BigInt(bits)) - 1n));
      for (let i = 0; i < blockElements; i++) {
        const [ours, theirs] = [numbers[block * blockElements + i], references[name](field, i)];
        // Object.is: −0 is not 0, and NaN is NaN
        assert.ok(Object.is(ours, theirs), `block ${block}, number ${i}: ${ours}, not ${theirs}`);
        if (Number.isFinite(ours)) finite++;
      }
    }
    assert.ok(finite > 150 * blockElements);
  });
}

test('a block by hand: d = ½, the bytes 0x80 and 0x7f, and zeros that stand for −8', () => {
  const q4 = tensorTypes.get(2)!;
  const block = new Uint8Array(18);
  block.set([0x00, 0x38, 0x80, 0x7f]);
  const numbers = new Float32Array(32);
  q4.dequantise!(block, numbers);
  assert.deepEqual(numbers.slice(0, 3), Float32Array.of(-4, 3.5, -4));
  assert.deepEqual(numbers.slice(16, 19), Float32Array.of(0, -0.5, -4));
});

for (const { name, blockElements, blockBytes, dequantise, exact } of dequantisable) {
  if (!exact) continue;
  test(`${name}: codes and scales of 200 blocks of random bits are the numbers that it is dequantised to`, () => {
    let state = 3;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    const blocks = Uint8Array.from({ length: 200 * blockBytes }, random);
    for (let b = 0; b < 200; b++) blocks[b * blockBytes + 1] &= 0xbf; // no scale that is infinite or no number
    const numbers = new Float32Array(200 * blockElements);
    dequantise!(blocks, numbers);
    const [codes, scales] = [new Uint8Array((200 * 32 * exact.bits) / 8), new Float32Array(200)];
    exact.unpack(blocks, codes, scales);
    for (const [i, number] of numbers.entries()) {
      const code = exact.bits === 8 ? codes[i] : (codes[i >> 1] >> (4 * (i & 1))) & 15;
      const unpacked = Math.fround((code - 2 ** (exact.bits - 1)) * scales[Math.floor(i / 32)]);
      assert.equal(unpacked + 0, number + 0, `number ${i}`);
    }
  });
}
