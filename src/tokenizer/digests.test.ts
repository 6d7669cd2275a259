import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedTokenizers } from '../../test/published-tokenizers.ts';
import {
  digestOf,
  generatedDigest,
  idsOf,
  publishedTexts,
  tokenizerDigests,
} from '../../test/tokenizer-digests.ts';

const { published, generated } = tokenizerDigests();

test("40 of 400 generated tokenizers, 2,000 texts: the ids of Hugging Face's tokenizers", () => {
  for (const made of generated.slice(0, 40))
    assert.equal(generatedDigest(made), made.digest, `seed ${made.seed}`);
});

for (const name of ['llada', 'llada21', 'diffusion_gemma', 'llama', 'qwen2', 'torchtitan_test']) {
  test(`${name}: the first hundred of 20,000 random texts`, async () => {
    const json = await recordedTokenizers.get(name)!();
    const texts = publishedTexts(json, 0);
    assert.equal(digestOf(texts, idsOf(json, texts)), published[name][0]);
  });
}
