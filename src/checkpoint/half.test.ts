import assert from 'node:assert/strict';
import { test } from 'node:test';
import { narrowBf16, narrowF16, widenBf16, widenF16 } from './half.ts';

const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);

function floatOf(bits: number): number {
  return new Float32Array(new Uint32Array([bits]).buffer)[0];
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

function narrowed(narrow: typeof narrowF16, ...values: number[]): string[] {
  const out = new Uint16Array(values.length);
  narrow(Float32Array.from(values), out);
  return [...out].map((half) => half.toString(16).padStart(4, '0'));
}

/** The value of a half by its definition: ± mantissa · 2^exponent. */
function meaning(half: number, exponentBits: number, mantissaBits: number): number {
  const sign = half >>> 15 ? -1 : 1;
  const exponent = (half >>> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = half & (2 ** mantissaBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1)
    return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
}

const kinds = [
  { name: 'F16', widen: widenF16, narrow: narrowF16, exponentBits: 5, mantissaBits: 10 },
  { name: 'BF16', widen: widenBf16, narrow: narrowBf16, exponentBits: 8, mantissaBits: 7 },
];

for (const { name, widen, narrow, exponentBits, mantissaBits } of kinds) {
  test(`each of the 65,536 ${name} patterns widens to the number it means`, () => {
    const wide = new Float32Array(65536);
    widen(everyPattern, wide);
    const wrong = everyPattern.filter(
      (half) => !Object.is(wide[half], meaning(half, exponentBits, mantissaBits)),
    );
    assert.deepEqual([...wrong], []);
  });

  test(`each of the 65,536 ${name} patterns comes back from float32, NaN payloads and all`, () => {
    const wide = new Float32Array(65536);
    const back = new Uint16Array(65536);
    widen(everyPattern, wide);
    narrow(wide, back);
    assert.deepEqual(back, everyPattern);
  });

  test(`between two neighbours ${name} takes the nearer, and of two as near the even one`, () => {
    const infinity = (2 ** exponentBits - 1) << mantissaBits;
    const values: number[] = [];
    const expected: number[] = [];
    for (let lower = 0; lower < infinity - 1; lower++) {
      const middle =
        (meaning(lower, exponentBits, mantissaBits) + meaning(lower + 1, exponentBits, mantissaBits)) / 2;
      // the middle of the smallest BF16 is itself below the smallest float32
      if (Math.fround(middle) !== middle) continue;
      const bits = bitsOf(middle);
      const even = lower % 2 === 0 ? lower : lower + 1;
      values.push(floatOf(bits - 1), middle, floatOf(bits + 1));
      values.push(-floatOf(bits - 1), -middle, -floatOf(bits + 1));
      expected.push(lower, even, lower + 1, lower | 0x8000, even | 0x8000, (lower + 1) | 0x8000);
    }
    const out = new Uint16Array(values.length);
    narrow(Float32Array.from(values), out);
    assert.ok(values.length > 6 * 30_000);
    assert.deepEqual(out, Uint16Array.from(expected));
  });
}

test('F16 by hand: one third, the largest, the overflow, the smallest, half of it, zeros, infinity', () => {
  // 1/3 = 1.0101010101|01… · 2^-2; 65504 = 1.1111111111 · 2^15; from 65520 on to infinity; 2^-24 is pattern 1
  const values = [1 / 3, 65504, 65519.99, 65520, 2 ** -24, 2 ** -25, 1.5 * 2 ** -25, 0, -0, -Infinity];
  assert.deepEqual(narrowed(narrowF16, ...values), [
    '3555',
    '7bff',
    '7bff',
    '7c00',
    '0001',
    '0000',
    '0001',
    '0000',
    '8000',
    'fc00',
  ]);
});

test('BF16 by hand: one third, a tie to even both ways, the overflow, the smallest, zeros, infinity', () => {
  // 1/3 is 3eaaaaab; 1 + 2^-8 lies between 3f80 and 3f81; 1 + 3 · 2^-8 between 3f81 and 3f82
  const values = [
    1 / 3,
    1 + 2 ** -8,
    1 + 3 * 2 ** -8,
    3.4e38,
    3.3895e38,
    2 ** -133,
    2 ** -149,
    -0,
    -Infinity,
  ];
  assert.deepEqual(narrowed(narrowBf16, ...values), [
    '3eab',
    '3f80',
    '3f82',
    '7f80',
    '7f7f',
    '0001',
    '0000',
    '8000',
    'ff80',
  ]);
});

test('a NaN whose payload lies in the lower bits alone stays a NaN', () => {
  const nan = new Float32Array(new Uint32Array([0x7f800001, 0xff800001]).buffer);
  const out = new Uint16Array(2);
  narrowBf16(nan, out);
  assert.deepEqual([...out], [0x7fc0, 0xffc0]);
  narrowF16(nan, out);
  assert.deepEqual([...out], [0x7e00, 0xfe00]);
});
