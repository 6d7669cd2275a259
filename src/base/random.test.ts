import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  choose,
  fromWords,
  gumbel,
  integerBelow,
  normals,
  permutation,
  philox,
  purposes,
  uniforms,
} from './random.ts';
import type { Purpose } from './random.ts';

function words(counter: readonly number[], key: readonly number[]): string[] {
  const out = new Int32Array(4);
  philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1], out);
  return Array.from(out, (word) => (word >>> 0).toString(16).padStart(8, '0'));
}

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

test('philox4x32-10 gives the known answers of Random123', () => {
  const ones = 0xffffffff;
  assert.deepEqual(words([0, 0, 0, 0], [0, 0]), ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
  assert.deepEqual(words([ones, ones, ones, ones], [ones, ones]), [
    '408f276d',
    '41c83b0e',
    'a20bc7c6',
    '6d5451fd',
  ]);
  assert.deepEqual(words([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]), [
    'd16cfe09',
    '94fdcceb',
    '5001e420',
    '24126ea1',
  ]);
});

test('a uniform is made of the first 27 and 26 bits of two words', () => {
  const expected = BigInt(0x6627e8d5 >>> 5) * 2n ** 26n + BigInt(0xe169c58d >>> 6);
  assert.equal(uniforms(0, 'init')(0), Number(expected) / 2 ** 53);
});

test('the least and the greatest words make the uniforms 2⁻⁵⁴ and 1 − 2⁻⁵³', () => {
  assert.equal(fromWords(0, 0), 2 ** -54);
  assert.equal(fromWords(31, 64), 2 ** -53);
  assert.equal(fromWords(-1, -1), 1 - 2 ** -53);
});

test('seed, purpose, step, sample and position each give other numbers, high bits included', () => {
  const seen = new Set<number>();
  let count = 0;
  for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    for (const purpose of Object.keys(purposes) as Purpose[]) {
      for (const step of [0, 1, 2 ** 32 - 1]) {
        for (const sample of [0, 1, 2 ** 31]) {
          for (const position of [0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 33, Number.MAX_SAFE_INTEGER]) {
            seen.add(uniforms(seed, purpose, step, sample)(position));
            count++;
          }
        }
      }
    }
  }
  assert.equal(seen.size, count);
});

test('purposes have numbers of their own that fit in eight bits', () => {
  const numbers = Object.values(purposes);
  assert.equal(new Set(numbers).size, numbers.length);
  assert.ok(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 256));
});

test('a number depends on its address, not on what was asked before', () => {
  const forwards = uniforms(7, 'mask', 3, 2);
  const backwards = uniforms(7, 'mask', 3, 2);
  const expected = Array.from({ length: 50 }, (_, i) => forwards(i));
  for (let i = 49; i >= 0; i--) assert.equal(backwards(i), expected[i]);
});

test('uniforms lie strictly inside (0, 1) and have the mean, variance and bins of the uniform distribution', () => {
  const n = 200_000;
  const u = uniforms(1, 'mask');
  const values = Float64Array.from({ length: n }, (_, i) => u(i));
  assert.ok(values.every((value) => value > 0 && value < 1));
  const { mean, variance } = moments(values);
  assert.ok(Math.abs(mean - 1 / 2) < 4 * Math.sqrt(1 / 12 / n), `mean ${mean}`);
  assert.ok(Math.abs(variance - 1 / 12) < 4 * Math.sqrt(1 / 180 / n), `variance ${variance}`);
  const bins = new Float64Array(100);
  for (const value of values) bins[Math.floor(value * 100)]++;
  const chiSquare = bins.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
  assert.ok(chiSquare < 99 + 4 * Math.sqrt(2 * 99), `chi² ${chiSquare}`);
});

test('the last of the 53 bits is as often 0 as 1', () => {
  const u = uniforms(3, 'token');
  let odd = 0;
  const n = 20_000;
  for (let i = 0; i < n; i++) odd += Number(BigInt(u(i) * 2 ** 53) & 1n);
  assert.ok(Math.abs(odd / n - 1 / 2) < 4 * Math.sqrt(1 / 4 / n), `${odd} of ${n}`);
});

test('neighbours in position, sample and step are uncorrelated', () => {
  const n = 50_000;
  const correlation = (a: (i: number) => number, b: (i: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (a(i) - 1 / 2) * (b(i) - 1 / 2) * 12;
    return sum / n;
  };
  const u = uniforms(5, 'mask', 10, 4);
  const limit = 4 / Math.sqrt(n);
  assert.ok(Math.abs(correlation(u, (i) => u(i + 1))) < limit);
  assert.ok(Math.abs(correlation(u, uniforms(5, 'mask', 10, 5))) < limit);
  assert.ok(Math.abs(correlation(u, uniforms(5, 'mask', 11, 4))) < limit);
  assert.ok(Math.abs(correlation(u, uniforms(5, 'time', 10, 4))) < limit);
  assert.ok(Math.abs(correlation(u, uniforms(6, 'mask', 10, 4))) < limit);
});

test('a seed, step, sample or purpose that cannot be an address is refused', () => {
  const refused = { name: 'InvalidOptionError' };
  assert.throws(() => uniforms(-1, 'mask'), refused);
  assert.throws(() => uniforms(1.5, 'mask'), refused);
  assert.throws(() => uniforms(2 ** 53, 'mask'), refused);
  assert.throws(() => uniforms(NaN, 'mask'), refused);
  assert.throws(() => uniforms(0, 'mask', -1), refused);
  assert.throws(() => uniforms(0, 'mask', 2 ** 32), refused);
  assert.throws(() => uniforms(0, 'mask', 0, 0.5), refused);
  assert.throws(() => uniforms(0, 'nothing' as Purpose), refused);
  assert.doesNotThrow(() => uniforms(2 ** 53 - 1, 'mask', 2 ** 32 - 1, 2 ** 32 - 1));
});

test('gumbel noise is finite at both ends and has mean γ and variance π²/6', () => {
  assert.ok(Number.isFinite(gumbel(2 ** -54)) && Number.isFinite(gumbel(1 - 2 ** -53)));
  const n = 100_000;
  const u = uniforms(2, 'token');
  const { mean, variance } = moments(Float64Array.from({ length: n }, (_, i) => gumbel(u(i))));
  assert.ok(Math.abs(mean - 0.5772156649) < 4 * Math.sqrt(Math.PI ** 2 / 6 / n), `mean ${mean}`);
  assert.ok(Math.abs(variance - Math.PI ** 2 / 6) < 0.05, `variance ${variance}`);
});

test('normals have mean 0, variance 1, kurtosis 3, and neighbours are uncorrelated', () => {
  const n = 100_000;
  const z = normals(uniforms(4, 'init'));
  const values = Float64Array.from({ length: n }, (_, i) => z(i));
  const { mean, variance } = moments(values);
  assert.ok(Math.abs(mean) < 4 / Math.sqrt(n), `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 4 * Math.sqrt(2 / n), `variance ${variance}`);
  const fourth = values.reduce((sum, value) => sum + value ** 4, 0) / n;
  assert.ok(Math.abs(fourth - 3) < 4 * Math.sqrt(96 / n), `fourth moment ${fourth}`);
  let product = 0;
  for (let i = 0; i < n; i += 2) product += values[i] * values[i + 1];
  assert.ok(Math.abs(product / (n / 2)) < 4 / Math.sqrt(n / 2));
});

test('integerBelow never reaches n', () => {
  for (const n of [1, 2, 3, 7, 126_464, 2 ** 31 - 1]) {
    assert.equal(integerBelow(n, 1 - 2 ** -53), n - 1);
    assert.equal(integerBelow(n, 2 ** -54), 0);
  }
});

test('every order of three comes equally often', () => {
  const counts = new Map<string, number>();
  const n = 6_000;
  for (let sample = 0; sample < n; sample++) {
    const name = permutation(3, uniforms(1, 'order', 0, sample)).join('');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['012', '021', '102', '120', '201', '210']);
  for (const count of counts.values()) assert.ok(Math.abs(count - n / 6) < 4 * Math.sqrt(n / 6), `${count}`);
});

test('a subset has k different members in ascending order, and each member is in it with probability k/n', () => {
  const counts = new Float64Array(5);
  const n = 5_000;
  for (let sample = 0; sample < n; sample++) {
    const subset = choose(5, 2, uniforms(1, 'likelihood', 0, sample));
    assert.equal(subset.length, 2);
    assert.ok(subset[0] < subset[1]);
    for (const member of subset) counts[member]++;
  }
  for (const count of counts) assert.ok(Math.abs(count / n - 2 / 5) < 4 * Math.sqrt(((2 / 5) * (3 / 5)) / n));
  assert.deepEqual(Array.from(choose(3, 3, uniforms(1, 'likelihood'))), [0, 1, 2]);
  assert.equal(choose(3, 0, uniforms(1, 'likelihood')).length, 0);
  assert.throws(() => choose(3, 4, uniforms(1, 'likelihood')), { name: 'InvalidOptionError' });
});
