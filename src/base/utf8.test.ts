import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Length } from './utf8.ts';

test('the bytes of a text are counted as they are written', () => {
  for (const text of ['', 'abc', 'é语', '\u{1f600}x', '\ud800', 'a\udc00\ud800b', '\ud83d\ud83d\ude00'])
    assert.equal(utf8Length(text), utf8(text).length, JSON.stringify(text));
});
