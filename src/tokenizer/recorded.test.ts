import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { llama2Json } from '../../test/published-tokenizers.ts';
import { goldenFile, referencePath } from '../../test/reference.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { compareWithVectors, vectorsOf } from '../../test/tokenizer-vectors.ts';
import { loadTokenizer } from './from-directory.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const families = {
  llada: 287,
  llada_moe: 117,
  llada2: 287,
  llada21: 117,
  dream: 275,
  a2d_llama: 271,
  a2d_qwen2: 101,
  a2d_qwen3: 287,
  diffusion_gemma: 287,
  llama: 243,
  qwen2: 97,
};
for (const [family, count] of Object.entries(families)) {
  const vectors = referencePath(family, 'tokenizer_vectors.json');
  test(`${family}: all ${count} recorded texts`, async () => {
    const tidied = await compareWithVectors(referencePath(family), vectors, count);
    assert.equal(tidied, family === 'a2d_llama' ? 8 : 0);
  });
}

const real = {
  gpt2: 251,
  minilm_wordpiece: 100,
  torchtitan_test: 76,
  torchtune_tiny_bpe: 92,
  torchtune_tokenizer: 227,
};
for (const [name, count] of Object.entries(real)) {
  test(`${name}, as published: all ${count} recorded texts`, async () => {
    await compareWithVectors(goldenFile(`tokenizers/${name}.json`), vectorsOf(name), count);
  });
}

test("llama2: Llama's vocabulary, with the tokens of MegaDLMs: all 251 recorded texts", async (t) => {
  const withExtra: TokenizerJson = {
    ...(await llama2Json()),
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
  };
  const path = join(await temporaryFolder(t), 'tokenizer.json');
  await writeFile(path, JSON.stringify(withExtra));
  await compareWithVectors(path, vectorsOf('llama2'), 251);
});

test('llada: its mask and end', async () => {
  const { maskId, endId, vocabularySize } = await loadTokenizer(referencePath('llada'));
  assert.deepEqual({ maskId, endId, vocabularySize }, { maskId: 337, endId: 331, vocabularySize: 350 });
});
