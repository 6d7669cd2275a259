import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { referencePath } from '../../test/reference.ts';
import { encodeContinuation, encodeWithin } from './continuation.ts';
import { loadTokenizer } from './from-directory.ts';

interface Recorded {
  /** Context, continuation, and the ids of both. */
  readonly tokenizers: Readonly<Record<string, [string, string, number[], number[]][]>>;
}

const recorded = JSON.parse(readFileSync(referencePath('tiny_llama', 'pairs.json'), 'utf8')) as Recorded;
const tokenizers = await Promise.all(
  Object.keys(recorded.tokenizers).map(
    async (name) => [name, await loadTokenizer(referencePath(name))] as const,
  ),
);

for (const [name, tokenizer] of tokenizers) {
  test(`${name}: a continuation has the ids that lm-evaluation-harness gives it`, () => {
    for (const [before, after, context, continuation] of recorded.tokenizers[name]) {
      const { given, continued } = encodeContinuation(tokenizer, before, after);
      assert.deepEqual([given, continued], [context, continuation], JSON.stringify([before, after]));
    }
  });

  test(`${name}: wherever a text is cut, the ids of both parts are those of the whole`, () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', 's', 'The', ' ', '  ', '\n', 'dog', 'é', '日', '.'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const { given, continued, bytes } = encodeContinuation(tokenizer, before, after);
        assert.deepEqual([...given, ...continued], tokenizer.encode(before + after));
        assert.ok(bytes >= Buffer.byteLength(after));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test(`${name}: what stands behind a line has the ids that it has in the text`, () => {
    for (const text of ['The dog', ' ran', 'ing.', '', '日 x']) {
      const ids = tokenizer.encode(`Once\n${text}`);
      assert.deepEqual(encodeWithin(tokenizer, text), ids.slice(tokenizer.encode('Once\n').length), text);
    }
  });
}
