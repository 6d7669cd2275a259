import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { anyText } from '../../test/any-text.ts';
import { modelThatSays, type Saying } from '../../test/fake-model.ts';
import { lengthOf } from './infill.ts';
import type { InfillPart } from './language-model.ts';
import { shippedModel } from '../model-files/locate.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';

const stories = await loadTokenizer(shippedModel);

/** Any token whatever, differently sure. */
const scrambled =
  (V: number): Saying =>
  (xt, i) => {
    const state = xt.reduce((hash, token) => Math.imul(hash ^ token, 0x01000193), i);
    return { id: (Math.imul(state, 0x9e3779b1) >>> 4) % V, logit: 6 + ((state >>> 3) % 64) / 8 };
  };

test('the text around holes is the given text to the byte, in 1,000 random cases with the tokenizer of the model that ships', async () => {
  const model = modelThatSays(scrambled(stories.vocabularySize), {
    tokenizer: stories,
    endIds: [stories.endId!],
  });
  const text = fc.oneof(
    anyText,
    fc.string({ maxLength: 8 }),
    fc.constantFrom('Once upon a ', ' ti', '\r\n', '\ufeff', '<|mask|>', '\ufffd', 'e\u0301 ', 'x\ud800'),
  );
  const hole = fc.integer({ min: 1, max: 5 }).map((length): InfillPart => ({ length }));
  const parts = fc
    .tuple(
      fc.array(fc.oneof(text, hole), { maxLength: 4 }),
      text,
      hole,
      fc.array(fc.oneof(text, hole), { maxLength: 4 }),
    )
    .map(([left, given, one, right]) => [...left, given, one, ...right])
    .filter((list) => list.some((part) => typeof part === 'string' && part !== ''));
  await fc.assert(
    fc.asyncProperty(parts, fc.nat({ max: 99 }), fc.boolean(), async (list, seed, complete) => {
      const options = { seed, complete, temperature: 1, tokensPerStep: 3 };
      const filled = await model.infill({ ...options, parts: list });
      let at = 0;
      const left = filled.holes.values();
      for (const part of list) {
        const expected = typeof part === 'string' ? part : left.next().value!.text;
        assert.equal(filled.text.slice(at, at + expected.length), expected);
        at += expected.length;
      }
      assert.equal(at, filled.text.length);
      const lengths = list.flatMap((part) => (typeof part === 'string' ? [] : [lengthOf(part)]));
      const last = filled.holes.at(-1)!.tokens;
      const written = filled.holes.map(({ tokens }) => tokens.length);
      if (last.at(-1) === stories.endId) written[written.length - 1] = lengths.at(-1) as number;
      assert.deepEqual(written, lengths);
      assert.ok(filled.holes.every(({ tokens }) => !tokens.includes(stories.maskId!)));
    }),
    { seed: 1, numRuns: 1000 },
  );
});
