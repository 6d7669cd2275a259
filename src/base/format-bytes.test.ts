import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesText } from './format-bytes.ts';

test('sizes are in powers of a thousand', () => {
  assert.deepEqual([0, 1500, 2.34e6, 16.07e9, 1e15, 3.2e22].map(bytesText), [
    '0.0 kB',
    '1.5 kB',
    '2.3 MB',
    '16.1 GB',
    '1.0 PB',
    '3.2e+4 EB',
  ]);
});
