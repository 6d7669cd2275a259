import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSudokuSolution, sudokuRules } from './sudoku-rules.ts';

test('a solution has each digit once in every row, column and box, and what is given', () => {
  const rules = sudokuRules(2);
  const question = '0003300104302310';
  const answer = '4123324114322314';
  assert.equal(isSudokuSolution(rules, question, answer), true);
  // a row twice, another digit than is given, one that is missing, rows and columns right and boxes wrong
  assert.equal(isSudokuSolution(rules, question, '4123412314322314'), false);
  assert.equal(isSudokuSolution(rules, '1000000000000000', '1423324114322314'), false);
  assert.equal(isSudokuSolution(rules, '1000000000000000', answer), false);
  assert.equal(isSudokuSolution(rules, question, `${answer.slice(0, 15)}0`), false);
  assert.equal(isSudokuSolution(rules, '0'.repeat(16), '1234234134124123'), false);
});
