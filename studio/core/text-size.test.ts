import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOfText } from './text-size.ts';

test('a text has so many characters, about so many tokens, and is read so often', () => {
  assert.equal(sizeOfText(0, false), '');
  assert.equal(sizeOfText(3500, false), '3,500 characters, about 1,000 tokens');
  assert.equal(sizeOfText(12_345, true), '12,345 characters, about 12,000 tokens');
  assert.equal(sizeOfText(3500, false, 40_000), '3,500 characters, about 1,000 tokens, read about 40 times');
  assert.equal(sizeOfText(3500, false, 500), '3,500 characters, about 1,000 tokens, read once in part');
});
