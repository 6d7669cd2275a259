import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniforms } from '../base/random.ts';
import { antithetic, bell, independent, lowDiscrepancy } from './times.ts';

const samplers = {
  iid: independent,
  'low-discrepancy': lowDiscrepancy,
  'antithetic iid': antithetic(independent),
  'antithetic low-discrepancy': antithetic(lowDiscrepancy),
};

function variance(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

for (const [name, sampler] of Object.entries(samplers)) {
  test(`${name}: all times lie in (0, 1], also where the uniforms are at their ends`, () => {
    for (const u of [2 ** -54, 1 - 2 ** -53]) {
      for (const count of [1, 2, 7, 64]) {
        const times = sampler(count, () => u);
        assert.equal(times.length, count);
        assert.ok(
          times.every((t) => t > 0 && t <= 1),
          `${times}`,
        );
      }
    }
  });

  test(`${name}: the time of every row is uniform, in the first row as in the last`, () => {
    const B = 8;
    const n = 4_000;
    const bins = Array.from({ length: B }, () => new Float64Array(10));
    for (let step = 0; step < n; step++) {
      for (const [b, t] of sampler(B, uniforms(2, 'time', step)).entries()) bins[b][Math.ceil(t * 10) - 1]++;
    }
    for (const counts of bins) {
      const chiSquare = counts.reduce((sum, count) => sum + (count - n / 10) ** 2 / (n / 10), 0);
      assert.ok(chiSquare < 9 + 4.5 * Math.sqrt(2 * 9), `χ² = ${chiSquare}`);
    }
  });
}

test('low-discrepancy times have one in each B-th, at one place in all of them', () => {
  const B = 16;
  const times = [...lowDiscrepancy(B, uniforms(1, 'time', 5))].sort((a, b) => a - b);
  for (const [i, t] of times.entries()) {
    assert.equal(Math.floor(t * B), i);
    assert.ok(Math.abs(t - times[0] - i / B) < 1e-15);
  }
});

test('low-discrepancy times are in random order, so that no micro-batch always gets the small ones', () => {
  const B = 16;
  let firstHalf = 0;
  const n = 1_000;
  for (let step = 0; step < n; step++) {
    const times = lowDiscrepancy(B, uniforms(1, 'time', step));
    firstHalf += times.subarray(0, B / 2).reduce((a, b) => a + b) / (B / 2);
  }
  assert.ok(Math.abs(firstHalf / n - 1 / 2) < 0.02, `${firstHalf / n}`);
});

test('the mean time of a low-discrepancy batch varies by 1/B² of the B-th of independent ones', () => {
  const B = 8;
  const means = (sampler: typeof independent): number[] =>
    Array.from(
      { length: 2_000 },
      (_, step) => sampler(B, uniforms(3, 'time', step)).reduce((a, b) => a + b) / B,
    );
  assert.ok(Math.abs(variance(means(independent)) / (1 / 12 / B) - 1) < 0.15);
  assert.ok(Math.abs(variance(means(lowDiscrepancy)) / (1 / 12 / B ** 2) - 1) < 0.15);
});

test('antithetic times come in pairs t, 1 − t; an odd last one is alone', () => {
  const times = antithetic(independent)(5, uniforms(1, 'time'));
  assert.equal(times[1], 1 - times[0]);
  assert.equal(times[3], 1 - times[2]);
  assert.equal(times.length, 5);
  assert.notEqual(times[4], times[0]);
});

test('bell: times lie in [0.001, 1], also where the uniforms are at their ends', () => {
  for (const u of [2 ** -54, 1 - 2 ** -53])
    for (const width of [0.05, 0.2, 1])
      for (const t of bell(lowDiscrepancy, { mean: 0.5, width })(8, () => u))
        assert.ok(t >= 0.001 && t <= 1, `${t}`);
});

test('bell: mean and variance are those of the cut normal distribution', () => {
  // by the integral of its density, which is another way than its quantiles
  for (const { mean, width } of [
    { mean: 0.5, width: 0.2 },
    { mean: 0.7, width: 0.3 },
  ]) {
    const grid = Array.from({ length: 9_990 }, (_, i) => 0.001 + (i + 0.5) * 1e-4);
    const density = grid.map((t) => Math.exp(-0.5 * ((t - mean) / width) ** 2));
    const total = density.reduce((a, b) => a + b);
    const expected = grid.reduce((sum, t, i) => sum + (t * density[i]) / total, 0);
    const spread = grid.reduce((sum, t, i) => sum + ((t - expected) ** 2 * density[i]) / total, 0);
    const times = [...bell(lowDiscrepancy, { mean, width })(20_000, uniforms(3, 'time', 0))];
    assert.ok(Math.abs(times.reduce((a, b) => a + b) / times.length - expected) < 1e-3);
    assert.ok(Math.abs(variance(times) - spread) < 1e-3);
  }
});
