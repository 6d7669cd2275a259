import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { placesOf, type Replacement, replaced, withReplacement } from './text-edits.ts';

test('by hand: replacements of a replaced text are told in places of the first text', () => {
  const text = 'one two three four';
  const first = withReplacement(text, [], { start: 4, end: 7, after: 'zwei' });
  assert.equal(replaced(text, first), 'one zwei three four');
  const second = withReplacement(text, first, { start: 9, end: 14, after: '3' });
  assert.deepEqual(second[1], { start: 8, end: 13, after: '3' });
  assert.equal(replaced(text, second), 'one zwei 3 four');
  // over the end of one and the beginning of another
  const third = withReplacement(text, second, { start: 6, end: 10, after: 'X' });
  assert.deepEqual(third, [{ start: 4, end: 13, after: 'zwX' }]);
  assert.equal(replaced(text, third), 'one zwX four');
});

test('whatever is replaced one after another, the text is that of the replacements together', () => {
  const steps = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.string({ maxLength: 5 })), { maxLength: 8 });
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), steps, (text, list) => {
      let current = text;
      let changes: Replacement[] = [];
      for (const [a, b, after] of list) {
        const [start, end] = [a % (current.length + 1), b % (current.length + 1)].sort((x, y) => x - y);
        if (start === end && after === '') continue;
        changes = withReplacement(text, changes, { start, end, after });
        current = current.slice(0, start) + after + current.slice(end);
        assert.equal(replaced(text, changes), current);
        for (const [n, change] of changes.entries()) {
          assert.ok(change.start <= change.end && change.end <= (changes[n + 1]?.start ?? text.length));
          const { start: from, end: to } = placesOf(changes)[n];
          assert.equal(current.slice(from, to), change.after);
        }
      }
    }),
    { seed: 1, numRuns: 1000 },
  );
});
