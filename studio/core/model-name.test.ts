import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortName } from './model-name.ts';

test('a copy with rounded weights is called as its model is, and so is one in a folder', () => {
  const names = ['stories', 'stories:int8', 'puzzles/sudoku-4', 'puzzles/sudoku-4:f16', 'org/name:a.gguf'];
  assert.deepEqual(names.map(shortName), ['stories', 'stories', 'sudoku-4', 'sudoku-4', 'name:a.gguf']);
});
