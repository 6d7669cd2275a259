import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Replacement, replaced, withReplacement } from '../base/text-edits.ts';
import { diffPath, unifiedDiff } from './unified-diff.ts';

/** What `patch` does, without looking for a hunk that has moved. */
function patched(text: string, diff: readonly string[]): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const output: string[] = [];
  let at = 0;
  for (const [n, line] of diff.slice(2).entries()) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$/.exec(line);
    if (header) {
      const [first, count, newFirst] = [Number(header[1]), Number(header[2] ?? 1), Number(header[3])];
      const start = count === 0 ? first : first - 1;
      output.push(...lines.slice(at, start));
      at = start;
      assert.equal(output.length, header[4] === '0' ? newFirst : newFirst - 1);
      continue;
    }
    if (line.startsWith('\\')) continue;
    const feed = diff.slice(2)[n + 1]?.startsWith('\\') ? '' : '\n';
    if (line[0] !== '+') assert.equal(lines[at++], line.slice(1) + feed);
    if (line[0] !== '-') output.push(line.slice(1) + feed);
  }
  return [...output, ...lines.slice(at)].join('');
}

test('by hand: a word in a line', () => {
  const text = Array.from({ length: 9 }, (_, i) => `line ${i}\n`).join('');
  const start = text.indexOf('4');
  assert.deepEqual(unifiedDiff(text, [{ start, end: start + 1, after: 'four' }], 'a.txt'), [
    '--- a/a.txt',
    '+++ b/a.txt',
    '@@ -2,7 +2,7 @@',
    ' line 1',
    ' line 2',
    ' line 3',
    '-line 4',
    '+line four',
    ' line 5',
    ' line 6',
    ' line 7',
  ]);
  assert.deepEqual(unifiedDiff(text, [], 'a.txt'), []);
  assert.deepEqual(unifiedDiff('a', [{ start: 0, end: 1, after: 'b' }], 'a').slice(2), [
    '@@ -1 +1 @@',
    '-a',
    '\\ No newline at end of file',
    '+b',
    '\\ No newline at end of file',
  ]);
});

test('a file is called by its path from the working directory, or from the root', () => {
  for (const file of ['w/e.txt', './w/e.txt', 'w/../w/e.txt', join('w', 'e.txt'), resolve('w/e.txt')]) {
    assert.equal(diffPath(file), 'w/e.txt', file);
  }
  assert.equal(diffPath('..e.txt'), '..e.txt');
  const outside = diffPath('../e.txt');
  assert.ok(outside.endsWith('/e.txt') && !/^\/|\.\.|\\/.test(outside), outside);
});

test('a path that could be mistaken is ended by a tab, or quoted', () => {
  const headers = (path: string) => unifiedDiff('a', [{ start: 0, end: 1, after: 'b' }], path).slice(0, 2);
  assert.deepEqual(headers('w/é.txt'), ['--- a/w/é.txt', '+++ b/w/é.txt']);
  assert.deepEqual(headers('my text.txt'), ['--- a/my text.txt\t', '+++ b/my text.txt\t']);
  assert.deepEqual(headers('é "\n\\'), [
    String.raw`--- "a/\303\251 \042\012\134"`,
    String.raw`+++ "b/\303\251 \042\012\134"`,
  ]);
});

test('a diff applied to the old text gives the new one', () => {
  const word = fc.constantFrom('a', 'b', '\n', '\r\n', 'xy\n', '\n\n', ' ');
  const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(''));
  const steps = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 }), text), { maxLength: 4 });
  fc.assert(
    fc.property(text, steps, (old, list) => {
      let changes: Replacement[] = [];
      for (const [at, length, after] of list) {
        const current = replaced(old, changes);
        const start = at % (current.length + 1);
        changes = withReplacement(old, changes, {
          start,
          end: Math.min(current.length, start + length),
          after: after.slice(0, 6),
        });
      }
      const diff = unifiedDiff(old, changes, 'x');
      const expected = replaced(old, changes);
      if (expected === old) assert.ok(diff.length === 0 || patched(old, diff) === old);
      else assert.equal(patched(old, diff), expected);
    }),
    { seed: 1, numRuns: 2000 },
  );
});
