import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { gunzipSync } from 'node:zlib';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import * as fc from 'fast-check';
import { wholeText } from '../../test/any-text.ts';
import { spelledBy } from '../../test/spelled-by.ts';
import { UnsupportedError } from '../base/errors.ts';
import { trainCharacters } from './characters.ts';
import { tokenizerFromJson } from './from-json.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { trainByteLevelBpe } from './train-bpe.ts';

const stories = gunzipSync(readFileSync(new URL('../../../models/stories/stories.jsonl.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .slice(0, 100)
  .map((line) => (JSON.parse(line) as { text: string }).text);
const json = trainByteLevelBpe(stories, { vocabularySize: 1024 });
const tokenizer = tokenizerFromJson(json, { maskId: 0, endId: 1 });

test('every text comes back from its ids: NUL, emoji, byte order marks, controls, any plane', () => {
  const text = fc.oneof(
    wholeText,
    fc
      .array(fc.oneof(wholeText, fc.constantFrom('👩‍👩‍👧', 'e\u0301', '각', 'กำ')))
      .map((parts) => parts.join('')),
    fc.constantFrom('\0', '\ufeffa\ufeff', '\r\n\u2028'),
  );
  fc.assert(
    fc.property(text, (whole) => assert.equal(tokenizer.decode(tokenizer.encode(whole)), whole)),
    { numRuns: 500 },
  );
});

test('half of a surrogate pair is U+FFFD', () => {
  assert.equal(tokenizer.decode(tokenizer.encode('a\ud83db')), 'a\ufffdb');
  const characters = tokenizerFromJson(trainCharacters(['a\ud83db']));
  assert.equal(characters.decode(characters.encode('b\udc00a')), 'b\ufffda');
});

test('stories have the same ids here and in the library', () => {
  const library = new LibraryTokenizer(JSON.parse(JSON.stringify(json)) as object, {
    clean_up_tokenization_spaces: false,
  });
  for (const story of stories) {
    const { ids } = library.encode(story);
    assert.deepEqual(tokenizer.encode(story), ids);
    assert.equal(library.decode(ids), story);
  }
});

test('special tokens spelled in a text are text, and are shown only if asked for', () => {
  for (const text of ['<|mask|>', 'a<|endoftext|>b', '<|mask|><|mask|>', '<|mask|']) {
    const ids = tokenizer.encode(text);
    assert.ok(!ids.includes(0) && !ids.includes(1), text);
    assert.equal(tokenizer.decode(ids), text);
  }
  const [a] = tokenizer.encode('a');
  assert.equal(tokenizer.decode([0, a, 1]), 'a');
  assert.equal(tokenizer.decode([0, a, 1], { special: true }), '<|mask|>a<|endoftext|>');
});

test('the name of a special token is shown as it is spelled, not as bytes', () => {
  const named = tokenizerFromJson(trainByteLevelBpe([], { vocabularySize: 257, specialTokens: ['<é Ġ>'] }));
  assert.equal(named.decode([0], { special: true }), '<é Ġ>');
});

test('with ignore_merges a piece that is a token is taken as it is', () => {
  const { model } = json;
  const vocab = { ...(model.vocab as Record<string, number>), Ġzyx: 1024 };
  for (const ignore of [true, false]) {
    const changed = tokenizerFromJson({ ...json, model: { ...model, vocab, ignore_merges: ignore } });
    assert.equal(changed.encode(' zyx').includes(1024), ignore);
    assert.equal(changed.decode(changed.encode(' zyx')), ' zyx');
  }
});

test('the bytes of tokens put together are the text; special tokens and ids without a token have none', () => {
  const characters = tokenizerFromJson(trainCharacters(['aé😀']));
  for (const [one, text] of [
    [tokenizer, 'a story é😀\0\ufeff'],
    [characters, 'é😀a'],
  ] as const)
    assert.equal(spelledBy(one, one.encode(text)), text);
  assert.equal(tokenizer.bytesOf(0), undefined);
  assert.equal(tokenizer.bytesOf(5000), undefined);
});

test('a tokenizer whose texts are more than their tokens says so when it is asked for bytes', () => {
  const pieces = tokenizerFromJson({ ...json, decoder: { type: 'WordPiece', prefix: '##', cleanup: true } });
  assert.throws(
    () => pieces.bytesOf(5),
    (error) => {
      assert.ok(error instanceof UnsupportedError);
      assert.match(error.message, /the decoder of this one is WordPiece$/);
      return true;
    },
  );
});

test('ids that no token has are left out', () => {
  assert.equal(tokenizer.decode([5000, ...tokenizer.encode('a'), -1]), 'a');
});

test('one piece of 100,000 characters is encoded in moments: letters, blanks, Chinese, emoji', () => {
  for (const unit of ['a', ' ', '中', '👩‍👧']) {
    const text = unit.repeat(100_000 / unit.length);
    const start = cpuMs();
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    // a quarter of a second; looking at all pairs for each merge would take half a minute and more
    assert.ok(cpuMs() - start < 5000);
  }
});

test('characters have ids by code point, and the special tokens follow', () => {
  const characters = trainCharacters(['ba c', '9😀é\n']);
  const ours = tokenizerFromJson(characters, { maskId: 8, endId: 9 });
  assert.equal(ours.vocabularySize, 10);
  assert.deepEqual(ours.encode('\n 9abcé😀'), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    [...ours.specialTokens],
    [
      ['<|mask|>', 8],
      ['<|endoftext|>', 9],
    ],
  );
  const library = new LibraryTokenizer(JSON.parse(JSON.stringify(characters)) as object, {
    clean_up_tokenization_spaces: false,
  });
  assert.deepEqual(library.encode('😀 cab\n').ids, ours.encode('😀 cab\n'));
  assert.equal(library.decode(ours.encode('😀 cab\n')), '😀 cab\n');
});

test('a character that the vocabulary lacks is named', () => {
  const ours = tokenizerFromJson(trainCharacters(['abc']));
  assert.throws(() => ours.encode('abx'), /text: must hold only the 3 characters .* not U\+0078, got "x"/);
});

test('tokenizers that cannot be are refused with the reason', () => {
  const vocab = json.model.vocab as Record<string, number>;
  const broken = (change: Partial<TokenizerJson>) => () => tokenizerFromJson({ ...json, ...change });
  const withModel = (change: object) => broken({ model: { ...json.model, ...change } });
  assert.throws(withModel({ vocab: { ...vocab, zz: -1 } }), /the id of "zz" is -1/);
  assert.throws(withModel({ vocab: { ...vocab, zz: 2 ** 31 } }), /the id of "zz" is 2147483648/);
  assert.throws(withModel({ vocab: { ...vocab, zz: 1.5 } }), /the id of "zz" is 1.5/);
  assert.throws(withModel({ vocab: { ...vocab, zz: vocab['a'] } }), /have the same id/);
  assert.throws(
    withModel({ merges: [...json.model.merges, ['a', 'nothing like it']] }),
    /merges\[\d+\] .* the vocabulary lacks/,
  );
  assert.throws(withModel({ merges: null }), /no list of merges/);
  assert.throws(withModel({ vocab: undefined }), /no vocab/);
  assert.throws(broken({ added_tokens: [{ ...json.added_tokens[0], content: '' }] }), /added token is empty/);
});
