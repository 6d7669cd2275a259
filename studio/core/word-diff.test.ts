import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Hunk, wordDiff } from './word-diff.ts';

function patched(text: string, hunks: readonly Hunk[]): string {
  let result = text;
  for (const { from, to, text: now } of hunks.toReversed())
    result = result.slice(0, from) + now + result.slice(to);
  return result;
}

test('words that differ are hunks, and what is the same is none', () => {
  const hunks = wordDiff('The cat sat on the mat.', 'The dog sat on a red mat.');
  assert.deepEqual(hunks, [
    { from: 4, to: 7, text: 'dog' },
    { from: 15, to: 18, text: 'a red' },
  ]);
  assert.deepEqual(wordDiff('same', 'same'), []);
  assert.deepEqual(wordDiff('', 'new'), [{ from: 0, to: 0, text: 'new' }]);
  assert.deepEqual(wordDiff('old', ''), [{ from: 0, to: 3, text: '' }]);
});

test('neighbouring words that change are one hunk', () => {
  assert.deepEqual(wordDiff('a big dog ran', 'a small cat ran'), [{ from: 2, to: 9, text: 'small cat' }]);
});

test('hunks make the one text of the other, whatever they are', () => {
  const text = fc.array(fc.constantFrom('a', 'bb', ' ', '\n', '.', '🐕', 'é', '<b>'), { maxLength: 14 });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [before, after] = [one.join(''), other.join('')];
      const hunks = wordDiff(before, after);
      assert.equal(patched(before, hunks), after);
      for (const [n, { from, to }] of hunks.entries()) {
        assert.ok(from <= to);
        if (n > 0) assert.ok(hunks[n - 1].to < from, JSON.stringify(hunks));
      }
    }),
  );
});

test('texts that are too long for that are one hunk', () => {
  const [before, after] = ['a b '.repeat(2000), 'b c '.repeat(2000)];
  assert.deepEqual(wordDiff(before, after), [{ from: 0, to: before.length, text: after }]);
});
