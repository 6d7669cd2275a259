import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Cell } from './cells.ts';
import { layOut, type LaidOutLine, windowOf } from './layout.ts';
import { widthOf } from './width.ts';

const cell = (text: string, style: Cell['style'] = 'sure', fresh = false): Cell => ({ text, style, fresh });
const texts = (lines: readonly LaidOutLine[]): string[] =>
  lines.map(({ pieces }) => pieces.map(({ text }) => text).join(''));

test('lines break at spaces, and at any character where there is no space', () => {
  assert.deepEqual(texts(layOut([cell('the cat'), cell(' sat')], 7)), ['the cat', 'sat']);
  assert.deepEqual(texts(layOut([cell('the cat'), cell(' sat')], 8)), ['the cat', 'sat']);
  assert.deepEqual(texts(layOut([cell('abcdefgh')], 3)), ['abc', 'def', 'gh']);
  assert.deepEqual(texts(layOut([cell('a\n\nb\n')], 9)), ['a', '', 'b', '']);
  assert.deepEqual(texts(layOut([cell('中文字')], 5)), ['中文', '字']);
  assert.deepEqual(texts(layOut([], 5)), ['']);
});

test('one cell is one piece on each of its lines, with its style', () => {
  const [first, second] = layOut([cell('ab', 'given'), cell('cdef', 'guess', true)], 4);
  assert.deepEqual(first.pieces, [cell('ab', 'given'), cell('cd', 'guess', true)]);
  assert.deepEqual(second, { pieces: [cell('ef', 'guess', true)], width: 2, busy: true });
});

test('no line is wider than the terminal, and nothing but spaces at breaks is lost', () => {
  const words = fc.array(
    fc.constantFrom('a', 'to', ' sat', '中文', ' ', '\n', '😀', 'e\u0301', ' ░░░', 'incomprehensible'),
  );
  fc.assert(
    fc.property(words, fc.integer({ min: 2, max: 30 }), (parts, columns) => {
      const lines = layOut(
        parts.map((part) => cell(part)),
        columns,
      );
      for (const line of texts(lines)) assert.ok(widthOf(line) <= columns, JSON.stringify(line));
      for (const line of lines) assert.equal(line.width, widthOf(texts([line])[0]));
      assert.equal(texts(lines).join('').replaceAll(' ', ''), parts.join('').replaceAll(/[ \n]/g, ''));
    }),
  );
});

test('a long text shows the lines around the first place where something happens', () => {
  const busyAt = (...busy: number[]) =>
    Array.from({ length: 100 }, (_, i): LaidOutLine => ({ pieces: [], width: 0, busy: busy.includes(i) }));
  assert.equal(windowOf(busyAt(40, 90), 12).from, 36);
  assert.equal(windowOf(busyAt(40, 90), 12).lines.length, 12);
  assert.equal(windowOf(busyAt(40, 90), 100).from, 0);
  assert.equal(windowOf(busyAt(), 12).from, 0);
  assert.equal(windowOf(busyAt(99), 12).from, 88);
});
