import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenAt, sideOf } from './digit-grid.ts';

test('a text of 16 or 81 digits is a grid, and nothing else is', () => {
  assert.equal(sideOf('0003300104302310'), 4);
  assert.equal(sideOf('1'.repeat(81)), 9);
  for (const text of ['', '1'.repeat(17), '000330010430231x', 'Once upon a time'])
    assert.equal(sideOf(text), undefined);
});

test('an open cell has nothing given', () => {
  assert.equal(givenAt('0003', 0), undefined);
  assert.equal(givenAt('0003', 3), '3');
});
