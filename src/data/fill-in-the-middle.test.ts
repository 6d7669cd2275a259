import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BYTE_ORDER } from '../tokenizer/byte-level.ts';
import { controlMarks, prefixFirst, suffixFirst } from './fill-in-the-middle.ts';

test('the middle is asked for behind what stands before it and after it', () => {
  const marks = { before: '<', after: '>', middle: '|' };
  const gap = { before: 'a = ', after: ';\n' };
  assert.equal(prefixFirst(gap, marks), '<a = >;\n|');
  assert.equal(suffixFirst(gap, marks), '>;\n<a = |');
});

test('the marks are three different single bytes', () => {
  const bytes = Object.values(controlMarks).map((mark) => [...new TextEncoder().encode(mark)]);
  assert.ok(bytes.every((each) => each.length === 1 && [...BYTE_ORDER].includes(each[0])));
  assert.equal(new Set(bytes.flat()).size, 3);
});
