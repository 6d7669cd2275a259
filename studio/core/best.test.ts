import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestOf } from './best.ts';

const counted = (value: number) => ({ value, error: 0 });

test('the best is ahead of all others by more than twice the error of their difference', () => {
  assert.equal(bestOf([counted(1), counted(2), counted(1.5)], 'higher'), 1);
  assert.equal(bestOf([counted(1), counted(2), counted(1.5)], 'lower'), 0);
  assert.equal(bestOf([counted(2), counted(2)], 'higher'), undefined);
  // of 0.3 and 0.4 the difference has an error of 0.5
  const about = (difference: number) => [
    { value: 3, error: 0.3 },
    { value: 3 + difference, error: 0.4 },
  ];
  assert.equal(bestOf(about(0.99), 'lower'), undefined);
  assert.equal(bestOf(about(1.01), 'lower'), 0);
});

test('where a number or its error is unknown none is best', () => {
  assert.equal(bestOf([counted(1), undefined], 'lower'), undefined);
  assert.equal(bestOf([counted(1)], 'lower'), undefined);
  assert.equal(bestOf([counted(1), { value: 9, error: NaN }], 'lower'), undefined);
});
