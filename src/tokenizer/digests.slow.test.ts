import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedTokenizers } from '../../test/published-tokenizers.ts';
import {
  digestOf,
  generatedDigest,
  idsOf,
  namesIn,
  textsAtOnce,
  tokenizerDigests,
} from '../../test/tokenizer-digests.ts';
import { tokenizerTexts } from '../../test/tokenizer-texts.ts';

// The quick suite has a cut of this: digests.test.ts.

const { published, generated } = tokenizerDigests();

test("400 generated tokenizers, 20,000 texts: the ids of Hugging Face's tokenizers", () => {
  assert.equal(generated.length, 400);
  for (const made of generated) assert.equal(generatedDigest(made), made.digest, `seed ${made.seed}`);
});

for (const [name, load] of recordedTokenizers) {
  test(`${name}: 20,000 random texts have the ids of Hugging Face's tokenizers`, async () => {
    const json = await load();
    const digests = published[name];
    assert.equal(digests.length * textsAtOnce, 20_000);
    const texts = digests.map((_, batch) => tokenizerTexts(1_000_000 + batch, textsAtOnce, namesIn(json)));
    const ids = idsOf(json, texts.flat());
    for (const [batch, digest] of digests.entries()) {
      const some = ids.slice(batch * textsAtOnce, (batch + 1) * textsAtOnce);
      assert.equal(digestOf(texts[batch], some), digest, `batch ${batch}`);
    }
  });
}
