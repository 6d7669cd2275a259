import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible } from './visible.ts';

test('what would act on a terminal is written as a sign', () => {
  const signs: [string, string][] = [
    ['\x1b[2J', '␛[2J'],
    ['\x07', '␇'],
    ['\r', '␍'],
    ['\0', '␀'],
    ['\x7f', '␡'],
    ['\x9b31m', '<9b>31m'],
    ['\u202eabc', '<202e>abc'],
    ['a\tb', 'a    b'],
    ['\u2028', '<2028>'],
    ['a\nb', 'a\nb'],
    ['é 中 😀', 'é 中 😀'],
  ];
  for (const [text, sign] of signs) assert.equal(visible(text), sign);
});

test('no code of a control character is left, whatever the text', () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');
  for (const character of visible(all)) {
    const code = character.codePointAt(0)!;
    assert.ok(character === '\n' || (code >= 0x20 && !(code >= 0x7f && code < 0xa0)), `${code}`);
  }
});
