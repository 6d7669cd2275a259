import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { goldenFile } from '../../test/reference.ts';
import { compareWithVectors, llamaCppVectors, vectorsOf } from '../../test/tokenizer-vectors.ts';
import { tokenizerFromGguf } from './from-gguf.ts';
import { tokenizerFromJson } from './from-json.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

for (const name of ['gptneox', 'qwen3_sdar']) {
  test(`${name}, as published: all 251 recorded texts`, async () => {
    await compareWithVectors(goldenFile(`tokenizers/${name}.json`), vectorsOf(name), 251);
  });
}

test("qwen2: Qwen's vocabulary, as llama.cpp writes it, gives llama.cpp's ids", () => {
  const { model } = JSON.parse(
    readFileSync(goldenFile('tokenizers/qwen3_sdar.json'), 'utf8'),
  ) as TokenizerJson;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab as Record<string, number>)) tokens[id] = token;
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'qwen2'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.merges', model.merges.map((merge) => [merge].flat().join(' '))],
  ]);
  const tokenizer = tokenizerFromJson(tokenizerFromGguf(metadata, 'qwen2').json);
  for (const { text, qwen2: ids } of llamaCppVectors())
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
});
