import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brailleCurve } from './braille-chart.ts';

test('a curve has a dot or more in each column, from the greatest at the top to the least', () => {
  assert.deepEqual(brailleCurve([4, 3, 2, 1], 2, 1), ['⠑⢄']);
  assert.deepEqual(brailleCurve([1, 2, 3, 4], 2, 1), ['⡠⠊']);
  assert.deepEqual(brailleCurve([1, 1, 1], 4, 2), ['⠉⠁', '⠀⠀']);
});

test('what is steep is joined; many numbers are means that fit', () => {
  assert.deepEqual(brailleCurve([1, 0], 1, 2), ['⢱', '⢸']);
  const many = brailleCurve(
    Array.from({ length: 1000 }, (_, i) => -i),
    30,
    4,
  );
  assert.deepEqual(
    many.map((row) => row.length),
    [30, 30, 30, 30],
  );
  assert.deepEqual(brailleCurve([1], 10, 3), []);
});
