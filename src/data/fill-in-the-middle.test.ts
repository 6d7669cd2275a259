import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BYTE_ORDER } from '../tokenizer/byte-level.ts';
import { controlMarks, fimPrompt } from './fill-in-the-middle.ts';

test('the middle is asked for behind what stands before it and after it', () => {
  const marks = { before: '<', after: '>', middle: '|' };
  assert.equal(fimPrompt({ before: 'a = ', after: ';\n' }, marks), '<a = >;\n|');
});

test('the marks are three different single bytes', () => {
  const bytes = Object.values(controlMarks).map((mark) => [...new TextEncoder().encode(mark)]);
  assert.ok(bytes.every((each) => each.length === 1 && [...BYTE_ORDER].includes(each[0])));
  assert.equal(new Set(bytes.flat()).size, 3);
});
