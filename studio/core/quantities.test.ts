import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, shareIn } from './quantities.ts';

test('large numbers are said in words', () => {
  assert.deepEqual(
    [counted(12_345), counted(4_212_345), counted(8_015_581_184)],
    ['12,345', '4.2 million', '8.0 billion'],
  );
});

test('a line of progress tells its share', () => {
  assert.equal(shareIn('37 %  1.2 GB of 3.2 GB'), 0.37);
  assert.equal(shareIn('quantising the weights: 5 %'), 0.05);
  assert.equal(shareIn('began'), undefined);
  assert.equal(shareIn(undefined), undefined);
});
