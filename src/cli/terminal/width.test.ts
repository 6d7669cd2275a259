import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, graphemes, widthOf } from './width.ts';

test('a terminal draws Latin letters one column wide, Chinese, Korean and emoji two, combining marks none', () => {
  const widths: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['\u0301', 0],
    ['中文', 4],
    ['한글', 4],
    ['ﾊﾝ', 2],
    ['Ａ', 2],
    ['😀', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['░▒▓', 3],
    ['日 本', 5],
    ['𠀀', 2],
    ['\u200b', 0],
  ];
  for (const [text, width] of widths) assert.equal(widthOf(text), width, JSON.stringify(text));
});

test('a family of emoji is one character', () => {
  assert.deepEqual(graphemes('a👩‍👩‍👧'), [
    { text: 'a', width: 1 },
    { text: '👩‍👩‍👧', width: 2 },
  ]);
});

test('a beginning that fits never cuts a wide character in half', () => {
  assert.equal(fit('中文', 3), '中');
  assert.equal(fit('abc', 2), 'ab');
  assert.equal(fit('abc', 9), 'abc');
});
