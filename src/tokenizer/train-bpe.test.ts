import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import * as fc from 'fast-check';
import { wholeText } from '../../test/any-text.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { uniforms } from '../base/random.ts';
import { forEachPiece } from './byte-level.ts';
import { tokenizerFromJson } from './from-json.ts';
import { countPieces, trainByteLevelBpe } from './train-bpe.ts';

const specialTokens = ['<|mask|>', '<|endoftext|>'];

test('by hand: the most frequent pair becomes a token, of equals the one with the smaller ids', () => {
  // pieces: "ab" 3, " ab" 2, " cd" 2. Pairs: ab 5, then "Ġab", "Ġc" and "cd" 2 each. Ids rise with the characters: c < Ġ, so cd first
  const { model } = trainByteLevelBpe(['ab ab cd', 'ab ab cd', 'ab'], { vocabularySize: 258 + 4 });
  assert.deepEqual(model.merges, [
    ['a', 'b'],
    ['c', 'd'],
    ['Ġ', 'ab'],
    ['Ġ', 'cd'],
  ]);
  assert.equal((model.vocab as Record<string, number>)['ab'], 258);
});

test('special tokens have the first ids, then the 256 bytes in the order of their characters', () => {
  const { model, added_tokens: added } = trainByteLevelBpe([], { vocabularySize: 258 });
  const vocab = model.vocab as Record<string, number>;
  assert.deepEqual(
    added.map(({ content, id }) => [content, id]),
    [
      ['<|mask|>', 0],
      ['<|endoftext|>', 1],
    ],
  );
  assert.equal(vocab['!'], 2);
  assert.equal(vocab['a'], 2 + 64);
  assert.equal(vocab['Ġ'], 2 + 188 + 32);
  assert.equal(Object.keys(vocab).length, 258);
});

/** The same rule, said plainly: count all pairs anew for each merge. */
function slowMerges(
  texts: readonly string[],
  vocabularySize: number,
  specials: readonly string[],
): string[][] {
  const vocab = Object.keys(
    trainByteLevelBpe([], { vocabularySize: 256 + specials.length, specialTokens: specials }).model.vocab,
  );
  const byCharacter = vocab.slice(0).filter((token) => !specials.includes(token));
  const tokens = [...specials, ...byCharacter.sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0))];
  const bytes = new Map<number, string>();
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  for (let byte = 0, next = 256; byte < 256; byte++)
    bytes.set(byte, String.fromCharCode(printable(byte) ? byte : next++));
  const words: string[][] = [];
  for (const text of texts)
    forEachPiece(text, (piece) =>
      words.push(Array.from(Buffer.from(piece), (byte) => bytes.get(byte) ?? '')),
    );
  const merges: string[][] = [];
  while (tokens.length < vocabularySize) {
    const counts = new Map<string, { pair: string[]; count: number }>();
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++) {
        const entry = counts.get(`${word[i]} ${word[i + 1]}`) ?? { pair: [word[i], word[i + 1]], count: 0 };
        entry.count++;
        counts.set(`${word[i]} ${word[i + 1]}`, entry);
      }
    const order = (pair: string[]) => tokens.indexOf(pair[0]) * 1e6 + tokens.indexOf(pair[1]);
    const [best] = [...counts.values()]
      .filter(({ count }) => count > 1)
      .sort((a, b) => b.count - a.count || order(a.pair) - order(b.pair));
    if (!best) break;
    const token = best.pair.join('');
    if (!tokens.includes(token)) tokens.push(token);
    if (!merges.some((merge) => merge.join(' ') === best.pair.join(' '))) merges.push(best.pair);
    for (const word of words)
      for (let i = 0; i + 1 < word.length; i++)
        if (word[i] === best.pair[0] && word[i + 1] === best.pair[1]) word.splice(i, 2, token);
  }
  return merges;
}

test('incremental counting learns the same merges as counting all pairs anew', () => {
  // repeats of a small alphabet: runs such as aaaa, where neighbouring pairs overlap
  const text = fc
    .array(fc.constantFrom('a', 'b', 'aa', 'ab ', ' ', 'c', 'é', '1'), { maxLength: 60 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
      const { model } = trainByteLevelBpe(texts, { vocabularySize: 280 });
      assert.deepEqual(model.merges, slowMerges(texts, 280, specialTokens));
    }),
    { numRuns: 150 },
  );
});

test('a text has the same ids here and in the library that reads the file', () => {
  const sample =
    'The cat sat on the mat. constructor toString __proto__ naïve 12 cats!!\n\n  They\'re "fine".\n'.repeat(
      3,
    );
  const json = trainByteLevelBpe([sample], { vocabularySize: 330 });
  const library = new LibraryTokenizer(JSON.parse(JSON.stringify(json)) as object, {});
  const ours = tokenizerFromJson(json);
  assert.deepEqual(ours.encode(sample), library.encode(sample).ids);
  fc.assert(
    fc.property(wholeText, fc.nat(200), (noise, cut) => {
      const text = sample.slice(cut, cut + 30) + noise;
      // JavaScript's \s, which the library uses, differs from White_Space in these two
      if (/[\u0085\ufeff]/.test(text)) return;
      assert.deepEqual(ours.encode(text), library.encode(text).ids);
    }),
  );
});

test('names of Object.prototype become tokens like other words', () => {
  const words = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];
  const text = words.map((word) => `${word} `.repeat(9)).join('');
  const json = trainByteLevelBpe([text], { vocabularySize: 400 });
  const tokenizer = tokenizerFromJson(JSON.parse(JSON.stringify(json)) as typeof json);
  assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  assert.equal(tokenizer.encode('constructor').length, 1);
});

test('merges never spell a special token', () => {
  const text = 'stop stopping stops '.repeat(20);
  const options = { vocabularySize: 300, specialTokens: ['stop'] };
  const { model } = trainByteLevelBpe([text], options);
  assert.ok(model.merges.length > 5);
  assert.ok(model.merges.every(([left, right]) => `${left}${right}` !== 'stop'));
  const tokenizer = tokenizerFromJson(trainByteLevelBpe([text], options));
  assert.ok(!tokenizer.encode(text).includes(0));
});

test('a corpus that repeats nothing gives the bytes alone', () => {
  assert.equal(trainByteLevelBpe(['abc'], { vocabularySize: 1000 }).model.merges.length, 0);
});

test('one piece of 100,000 letters is learned from', () => {
  const uniform = uniforms(0, 'synthetic');
  const letters = Array.from({ length: 100_000 }, (_, i) => 'abcdefgh'[Math.floor(8 * uniform(i))]).join('');
  assert.equal(trainByteLevelBpe([letters], { vocabularySize: 600 }).model.merges.length, 342);
});

test('runs of one sign are counted in parts, so that a file of line ends costs what one part costs', () => {
  const counts = new Map<string, number>();
  countPieces('\n'.repeat(1_000_000), counts);
  assert.deepEqual([...counts].map(([piece, count]) => [piece.length, count]).sort(), [
    [1024, 976],
    [576, 1],
  ]);
  countPieces(`${'😀'.repeat(1500)}`, counts);
  assert.ok([...counts.keys()].every((piece) => !/\p{Surrogate}/u.test(piece)));
});

test('a vocabulary that cannot hold the bytes, and special tokens that repeat, are refused', () => {
  assert.throws(() => trainByteLevelBpe([], { vocabularySize: 257 }), InvalidOptionError);
  assert.throws(
    () => trainByteLevelBpe([], { vocabularySize: 300, specialTokens: ['x', 'x'] }),
    /must be different/,
  );
  assert.throws(
    () => trainByteLevelBpe([], { vocabularySize: 300, specialTokens: ['!'] }),
    /stand for bytes/,
  );
});
