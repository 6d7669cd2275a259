import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubtOf, likelihood } from './doubt.ts';

test('the less likely, the more it is doubted, and one in a hundred is no doubt', () => {
  assert.deepEqual([1e-9, 0.0009, 0.001, 0.0099, 0.01, 0.099, 0.1, 1].map(doubtOf), [
    'doubt-2',
    'doubt-2',
    'doubt-1',
    'doubt-1',
    '',
    '',
    '',
    '',
  ]);
  assert.deepEqual([1e-12, 0.000049, 0.0012, 0.034, 0.5].map(likelihood), [
    'less than 1 in a billion',
    '1 in 20,000',
    '0.12 %',
    '3.4 %',
    '50 %',
  ]);
});
