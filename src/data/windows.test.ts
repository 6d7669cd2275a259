import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { documentWindows, streamWindows } from './windows.ts';

const plain = ({ starts, lengths }: ReturnType<typeof streamWindows>) =>
  Array.from(starts, (start, i) => [start, lengths[i]]);

test('by hand: documents of 3, 4 and 9 tokens in windows of 4', () => {
  const documents = [
    { start: 0, end: 3 },
    { start: 3, end: 7 },
    { start: 7, end: 16 },
  ];
  assert.deepEqual(plain(documentWindows(documents, 4, { overlap: true })), [
    [0, 3],
    [3, 4],
    [7, 4],
    [11, 4],
    [12, 4],
  ]);
  assert.deepEqual(plain(documentWindows(documents, 4, { overlap: false })).at(-1), [15, 1]);
});

test('no window reaches over a boundary, and every token is in one; in exactly one without overlap', () => {
  const documents = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }).map((sizes) => {
    let end = 0;
    return sizes.map((size) => ({ start: end, end: (end += size) }));
  });
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 10 }), fc.boolean(), (documents, L, overlap) => {
      const counts = new Map<number, number>();
      for (const [start, length] of plain(documentWindows(documents, L, { overlap }))) {
        assert.ok(length >= 1 && length <= L);
        assert.ok(documents.some((document) => document.start <= start && start + length <= document.end));
        for (let i = start; i < start + length; i++) counts.set(i, (counts.get(i) ?? 0) + 1);
      }
      assert.equal(counts.size, documents.at(-1)?.end ?? 0);
      if (!overlap) assert.ok([...counts.values()].every((count) => count === 1));
    }),
  );
});

test('a stream is cut into whole windows, the rest is left', () => {
  assert.deepEqual(plain(streamWindows({ start: 2, end: 12 }, 4)), [
    [2, 4],
    [6, 4],
  ]);
});
