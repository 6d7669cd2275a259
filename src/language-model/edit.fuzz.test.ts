import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { byteTokenizer, fakeIds, modelThatSays } from '../../test/fake-model.ts';
import { inputs } from '../../test/inputs.ts';
import { replaced } from '../base/text-edits.ts';

test('whatever a model writes, the text outside the changes is the given text, also where it is longer than the model', async () => {
  const model = modelThatSays(
    (xt, i) => ({ id: fakeIds.byte(97 + ((xt[Math.max(0, i - 1)] + i) % 26)), logit: 7 + (i % 3) }),
    {
      maxLength: 24,
    },
  );
  const word = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('é', '😀', '\r\n', ' ', 'ab', '\ufeff'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { minLength: 1, maxLength: 25 }),
      fc.constantFrom(0.1, 0.5, 1),
      fc.constantFrom(1, 2),
      async (words, maxChange, passes) => {
        const text = words.join(' ');
        // a single word that is all of the text can't be rewritten
        const edit = await model
          .edit({ text, maxChange, passes, threshold: 0.02 })
          .catch((error: Error) => error);
        if (edit instanceof Error)
          return assert.match(edit.message, /^maxChange: must leave some of the text as it is/);
        assert.equal(edit.text, replaced(text, edit.changes));
        for (const { start, end, before } of edit.changes) assert.equal(text.slice(start, end), before);
        const changed = edit.changes.reduce(
          (sum, { before }) => sum + byteTokenizer.encode(before).length,
          0,
        );
        assert.ok(changed <= maxChange * byteTokenizer.encode(text).length, `${changed}`);
      },
    ),
    { seed: 1, numRuns: inputs({ all: 400, few: 40 }) },
  );
});
