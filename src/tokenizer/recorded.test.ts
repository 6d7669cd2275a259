import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { goldenFile, goldenRoot, referencePath } from '../../test/reference.ts';
import { spelledBy } from '../../test/spelled-by.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { openGguf } from '../checkpoint/gguf/file.ts';
import { tokenizerFromGguf } from './from-gguf.ts';
import { type LoadedTokenizer, loadTokenizer } from './load.ts';
import { specialToken, type TokenizerJson } from './tokenizer-json.ts';

// The ids and texts that Hugging Face's Rust tokenizers gave (for Dream, its own Python).

interface Vector {
  readonly text: string;
  /** Special tokens that are spelled in the text are special. */
  readonly ids: readonly number[];
  /** With what the post-processor adds; absent where that is nothing. */
  readonly ids_with_special?: readonly number[];
  /** Absent where it is the text. */
  readonly decoded?: string;
  /** Absent where it is `decoded`. */
  readonly decoded_skip_special?: string;
  /** What transformers makes of `decoded` by tidying spaces; we never do. */
  readonly decoded_hf?: string;
}

/** Reads a folder's or a file's tokenizer and compares it with all vectors. */
async function compare(path: string, vectorsPath: string, expected: number): Promise<number> {
  const tokenizer = await loadTokenizer(path);
  const { vectors } = JSON.parse(readFileSync(vectorsPath, 'utf8')) as { vectors: Vector[] };
  assert.equal(vectors.length, expected);
  const { prefixIds = [], suffixIds = [] } = tokenizer;
  // Dream's Python leaves out only the special tokens that have a role, and we all that are marked special
  const isPython = tokenizer.path.endsWith('vocab.json');
  let tidied = 0;
  for (const vector of vectors) {
    const { text, decoded = text, decoded_skip_special: withoutSpecial = decoded } = vector;
    const ids = withoutPadding(tokenizer, vector.ids);
    const found = tokenizer.encodeParts(tokenizer.split(text));
    assert.deepEqual(withoutPadding(tokenizer, found), ids, JSON.stringify(text));
    assert.deepEqual(
      withoutPadding(tokenizer, [...prefixIds, ...found, ...suffixIds]),
      withoutPadding(tokenizer, vector.ids_with_special ?? vector.ids),
    );
    assert.equal(tokenizer.decode(vector.ids, { special: true }), decoded);
    assert.equal(
      tokenizer.decode(vector.ids),
      isPython ? spelledOut(tokenizer, withoutSpecial) : withoutSpecial,
    );
    if (vector.decoded_hf !== undefined) {
      assert.equal(vector.decoded_hf, tidy(decoded));
      tidied++;
    }
    // words in pieces have no spelling of their own
    if (!path.includes('wordpiece'))
      assert.equal(spelledBy(tokenizer, vector.ids), tokenizer.decode(vector.ids));
    const fromText = new Set(tokenizer.encode(text));
    for (const [name, id] of tokenizer.specialTokens)
      if (name !== tokenizer.json.model['unk_token'])
        assert.ok(!fromText.has(id), `${name} came out of ${JSON.stringify(text)}`);
  }
  return tidied;
}

/** One recorded tokenizer pads to 128, as its file asks; we never pad. */
function withoutPadding({ json }: LoadedTokenizer, ids: readonly number[]): readonly number[] {
  if (json.padding === null) return ids;
  const { pad_id: padId } = json.padding as { pad_id: number };
  return ids.slice(0, ids.findLastIndex((id) => id !== padId) + 1);
}

/** A text without the names of special tokens. */
const spelledOut = ({ specialTokens }: LoadedTokenizer, text: string): string =>
  [...specialTokens.keys()].reduce((rest, name) => rest.replaceAll(name, ''), text);

/** transformers' `clean_up_tokenization_spaces`. */
function tidy(text: string): string {
  const pairs = ['.', '?', '!', ',', " ' ", "n't", "'m", "'s", "'ve", "'re"];
  return pairs.reduce(
    (tidied, end) => (end === " ' " ? tidied.replaceAll(end, "'") : tidied.replaceAll(` ${end}`, end)),
    text,
  );
}

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
    const tidied = await compare(referencePath(family), vectors, count);
    assert.equal(tidied, family === 'a2d_llama' ? 8 : 0);
  });
}

const vectorsOf = (name: string): string => join(goldenRoot, 'tokenizers', `${name}.vectors.json`);

const real = {
  gpt2: 251,
  gptneox: 251,
  minilm_wordpiece: 100,
  qwen3_sdar: 251,
  torchtitan_test: 76,
  torchtune_tiny_bpe: 92,
  torchtune_tokenizer: 227,
};
for (const [name, count] of Object.entries(real)) {
  test(`${name}, as published: all ${count} recorded texts`, async () => {
    await compare(goldenFile(`tokenizers/${name}.json`), vectorsOf(name), count);
  });
}

test("llama2: Llama's vocabulary, with the tokens of MegaDLMs: all 251 recorded texts", async (t) => {
  const file = goldenFile('models/llama-2-tiny-random.gguf');
  const { json } = tokenizerFromGguf((await openGguf(file)).metadata, file);
  const numbered = Array.from({ length: 10 }, (_, i) => `<|extra_special_token_${i}>`);
  const extra = ['<|mask_token|>', '<|pad_token|>', ...numbered];
  const withExtra: TokenizerJson = {
    ...json,
    added_tokens: [...json.added_tokens, ...extra.map((name, i) => specialToken(name, 32_000 + i))],
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
  };
  const path = join(await temporaryFolder(t), 'tokenizer.json');
  await writeFile(path, JSON.stringify(withExtra));
  await compare(path, vectorsOf('llama2'), 251);
});

test('llada: its mask and end', async () => {
  const { maskId, endId, vocabularySize } = await loadTokenizer(referencePath('llada'));
  assert.deepEqual({ maskId, endId, vocabularySize }, { maskId: 337, endId: 331, vocabularySize: 350 });
});
