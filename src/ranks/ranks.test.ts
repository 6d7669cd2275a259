import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniforms } from '../base/random.ts';
import { OrderedSum, shareOf, sumInOrder } from './ranks.ts';

const terms = (count: number): Float32Array[] =>
  Array.from({ length: count }, (_, k) => {
    const uniform = uniforms(9, 'synthetic', 0, k);
    return Float32Array.from(
      { length: 50 },
      (_, i) => 10 ** (6 * uniform(2 * i)) * (uniform(2 * i + 1) - 0.5),
    );
  });

test('up to three terms are summed from left to right; four are two pairs', () => {
  const [a, b, c, d] = [[1e8], [1], [-1e8], [1]].map((x) => Float32Array.from(x));
  const f = Math.fround;
  const copies = (...arrays: Float32Array[]) => arrays.map((x) => x.slice());
  assert.equal(sumInOrder(copies(a, b, c))[0], f(f(1e8 + 1) - 1e8));
  assert.equal(sumInOrder(copies(a, b, c, d))[0], f(f(1e8 + 1) + f(-1e8 + 1)));
});

test('the sum of ranks’ sums has the bits of the sum of all, for every share that is allowed', () => {
  let allowed = 0;
  for (let count = 1; count <= 24; count++) {
    const whole = sumInOrder(terms(count));
    for (let size = 1; size <= count; size++) {
      let shares: [number, number][];
      try {
        shares = Array.from({ length: size }, (_, rank) => shareOf(count, { rank, size }));
      } catch (error) {
        assert.match((error as Error).message, /^\d+ micro-batches can't be shared out over \d+ ranks/);
        continue;
      }
      allowed++;
      const sums = shares.map(([from, to]) => {
        const sum = new OrderedSum();
        for (const term of terms(count).slice(from, to)) sum.add([term]);
        return sum.take()![0];
      });
      assert.deepEqual(sumInOrder(sums), whole, `${count} over ${size}`);
    }
  }
  assert.ok(allowed > 40, `${allowed}`);
});

test('terms that come one after the other are summed as those that are there, and taken once', () => {
  for (let count = 1; count <= 20; count++) {
    const sum = new OrderedSum();
    for (const term of terms(count)) sum.add([term]);
    assert.deepEqual(sum.take()![0], sumInOrder(terms(count)), `${count}`);
    assert.equal(sum.take(), undefined);
  }
});
