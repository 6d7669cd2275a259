import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultCell } from './result-cell.ts';

test('a number of a table is written as in the sentence about it, its error as what it is the error of', () => {
  const cells = (row: Readonly<Record<string, unknown>>): string[] =>
    Object.keys(row).map((column) => resultCell(row, column));
  assert.deepEqual(cells({ model: 'autoregressive', known: 0.9625, standardError: 0.0245 }), [
    'causal',
    '96 %',
    '2 %',
  ]);
  assert.deepEqual(
    cells({ updates: 1200, seconds: 2.41949, natsPerToken: 2.10537, standardError: 0.05448 }),
    ['1,200', '2.419', '2.105', '0.054'],
  );
  // of several columns it is the error of the first
  assert.deepEqual(cells({ worthOfFarText: 0.35128, standardError: 0.30631, repeated4: 0.19376 }), [
    '0.351',
    '0.306',
    '19.4 %',
  ]);
  assert.equal(resultCell({}, 'known'), '');
});
