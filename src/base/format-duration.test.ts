import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped } from './format-count.ts';
import { duration } from './format-duration.ts';

test('durations have the two largest units, numbers are grouped', () => {
  const minute = 60_000;
  assert.deepEqual([0, 59_000, 12 * minute, 200 * minute, 3000 * minute, -5].map(duration), [
    '0 s',
    '59 s',
    '12 min',
    '3 h 20 min',
    '2 d 2 h',
    '0 s',
  ]);
  assert.deepEqual([1, 999, 1000, 1234567].map(grouped), ['1', '999', '1,000', '1,234,567']);
});
