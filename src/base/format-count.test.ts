import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, grouped } from './format-count.ts';

test('digits are grouped in front of the point alone', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [-1234567, '-1,234,567'],
    [1.2345, '1.2345'],
    [0.0001, '0.0001'],
    [-12345.678901, '-12,345.678901'],
    [1e21, '1e+21'],
    [NaN, 'NaN'],
  ];
  for (const [value, text] of cases) assert.equal(grouped(value), text);
});

test('one of something is not several', () => {
  assert.equal(counted(1, 'window'), '1 window');
  assert.equal(counted(1024, 'window'), '1,024 windows');
  assert.equal(counted(2, 'index', 'indices'), '2 indices');
});
