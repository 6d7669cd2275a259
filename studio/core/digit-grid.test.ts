import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenAt, isSolution, sideOf } from './digit-grid.ts';

test('a text of 16 or 81 digits is a grid, and nothing else is', () => {
  assert.equal(sideOf('0003300104302310'), 4);
  assert.equal(sideOf('1'.repeat(81)), 9);
  for (const text of ['', '1'.repeat(17), '000330010430231x', 'Once upon a time'])
    assert.equal(sideOf(text), undefined);
});

test('a solution has each digit once in every row, column and box, and what is given', () => {
  const question = '0003300104302310';
  const answer = '4123324114322314';
  assert.equal(givenAt(question, 0), undefined);
  assert.equal(givenAt(question, 3), '3');
  assert.equal(isSolution(answer, question), true);
  // a row twice, another digit than is given, one that is missing, rows and columns right and boxes wrong
  assert.equal(isSolution('4123412314322314', question), false);
  assert.equal(isSolution('1423324114322314', '1000000000000000'), false);
  assert.equal(isSolution(answer, '1000000000000000'), false);
  assert.equal(isSolution(`${answer.slice(0, 15)}0`, question), false);
  assert.equal(isSolution('1234234134124123', '0'.repeat(16)), false);
});
