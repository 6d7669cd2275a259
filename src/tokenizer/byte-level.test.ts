import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { wholeText } from '../../test/any-text.ts';
import {
  BYTE_CHARACTERS,
  BYTE_ORDER,
  forEachPiece,
  GPT2_PIECES,
  PUBLISHED_PIECES,
  tokenBytes,
} from './byte-level.ts';

const cut = (text: string, pattern: string) => {
  const pieces: string[] = [];
  forEachPiece(text, (piece) => pieces.push(piece), pattern);
  return pieces;
};
const [qwen, llama3, llada] = PUBLISHED_PIECES.values();

test("by hand: GPT-2's pieces take the space before them", () => {
  assert.deepEqual(cut("It's 12  o'clock,\n\n ok!", GPT2_PIECES), [
    'It',
    "'s",
    ' 12',
    ' ',
    ' o',
    "'",
    'clock',
    ',',
    '\n\n',
    ' ok',
    '!',
  ]);
});

test('blanks are those of Unicode: U+0085 is one and U+FEFF is none', () => {
  assert.deepEqual(cut('a\u0085b\ufeffc', GPT2_PIECES), ['a', '\u0085', 'b', '\ufeff', 'c']);
});

test('by hand: the published ways to cut differ in numbers and line breaks', () => {
  assert.deepEqual(cut('1234.\n\n', qwen), ['1', '2', '3', '4', '.\n\n']);
  assert.deepEqual(cut('1234.\n\n', llama3), ['123', '4', '.\n\n']);
  assert.deepEqual(cut('a\n\n\nb', qwen), ['a', '\n\n\n', 'b']);
  assert.deepEqual(cut('a\n\n\nb', llada), ['a', '\n\n\n', 'b']);
  assert.deepEqual(cut("I'LL (go", llada), ['I', "'LL", ' (', 'go']);
});

test('a contraction in any case may end in the long s, which folds to s', () => {
  for (const pattern of [qwen, llama3, llada])
    assert.deepEqual(cut("a'\u017fx", pattern), ['a', "'\u017f", 'x']);
});

test('pieces have no gaps', () => {
  fc.assert(
    fc.property(wholeText, fc.constantFrom(GPT2_PIECES, qwen, llama3, llada), (text, pattern) => {
      assert.equal(cut(text, pattern).join(''), text);
    }),
  );
});

test('256 different characters stand for the bytes', () => {
  assert.equal(new Set(BYTE_CHARACTERS).size, 256);
  assert.deepEqual(
    [BYTE_CHARACTERS[0x20], BYTE_CHARACTERS[0x0a], BYTE_CHARACTERS[0x41], BYTE_CHARACTERS[0xad]],
    ['Ġ', 'Ċ', 'A', 'Ń'],
  );
  assert.equal(BYTE_CHARACTERS[BYTE_ORDER[255]], 'Ń');
  assert.deepEqual(tokenBytes('Ġé'), Uint8Array.of(0x20, 0xe9));
  assert.equal(tokenBytes('中'), undefined);
});
