import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { anyText } from '../../test/any-text.ts';
import { byteTokenizer } from '../../test/fake-model.ts';
import { shippedModel } from '../model-files/locate.ts';
import { tokenSpans } from './token-spans.ts';
import { loadTokenizer } from './from-directory.ts';
import type { Tokenizer } from './tokenizer.ts';

const stories = await loadTokenizer(shippedModel);

test('the stretches of atoms are the text, and their ids are those of the text', () => {
  const character = fc.oneof(fc.constantFrom('a', ' ', '\n', 'the', '\ufffd', '😀', '中'), anyText);
  fc.assert(
    fc.property(
      fc.array(character, { maxLength: 12 }),
      fc.constantFrom<Tokenizer>(stories, byteTokenizer),
      (list, tokenizer) => {
        const text = list.join('');
        const atoms = tokenSpans(text, tokenizer);
        assert.equal(atoms.map(({ start, end }) => text.slice(start, end)).join(''), text);
        assert.deepEqual(
          atoms.flatMap(({ ids }) => ids),
          tokenizer.encode(text),
        );
        for (const [n, { start, end }] of atoms.entries()) {
          assert.ok(end > start && start === (atoms[n - 1]?.end ?? 0));
        }
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

test('a token is an atom, and so is a character of several', () => {
  assert.deepEqual(
    tokenSpans('é!', byteTokenizer).map(({ start, end, ids }) => [start, end, ids.length]),
    [
      [0, 1, 2],
      [1, 2, 1],
    ],
  );
  const words = tokenSpans('Once upon a time', stories);
  assert.deepEqual(
    words.map(({ ids }) => ids.length),
    words.map(() => 1),
  );
});

test('what a tokenizer changes is one atom, and the lines around it are not touched by that', () => {
  const lowering: Tokenizer = {
    ...byteTokenizer,
    encode: (text) => byteTokenizer.encode(text.toLowerCase()),
  };
  const atoms = tokenSpans('ab\nCd\nef', lowering);
  assert.deepEqual(
    atoms.map(({ start, end }) => [start, end]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 6],
      [6, 7],
      [7, 8],
    ],
  );
});
