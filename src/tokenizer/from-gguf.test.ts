import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ggufOfReference } from '../../test/gguf-of-reference.ts';
import type { Entry } from '../../test/gguf-writer.ts';
import { goldenFile, readReference, referencePath } from '../../test/reference.ts';
import { llamaCppVectors } from '../../test/tokenizer-vectors.ts';
import { openGguf } from '../checkpoint/gguf/file.ts';
import { FileError } from '../base/errors.ts';
import { BYTE_CHARACTERS } from './byte-level.ts';
import { cutNames } from './gguf-cuts.ts';
import { type Metadata, tokenizerFromGguf } from './from-gguf.ts';
import { tokenizerFromJson } from './from-json.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Metadata as the reader would give them. */
const metadataOf = (entries: readonly Entry[]): Metadata =>
  new Map(
    entries.map(([key, type, value]): [string, unknown] => {
      if (!Array.isArray(value) || type === 'text') return [key, value];
      return [
        key,
        type === 'i32' ? Int32Array.from(value as number[]) : Float32Array.from(value as number[]),
      ];
    }),
  );

const files = { 'gpt-2': 'tokenizers/ggml-vocab-gpt-2.gguf', 'llama-spm': 'models/llama-2-tiny-random.gguf' };
for (const [name, file] of Object.entries(files)) {
  test(`${name}: the tokenizer in a GGUF file gives llama.cpp's ids, and the texts back`, async () => {
    const { metadata } = await openGguf(goldenFile(file));
    const tokenizer = tokenizerFromJson(tokenizerFromGguf(metadata, name).json);
    for (const { text, [name]: ids } of llamaCppVectors()) {
      assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids as number[]), text);
    }
  });
}

for (const family of ['llada', 'llama', 'qwen2', 'a2d_llama', 'a2d_qwen3']) {
  test(`${family}: texts have the ids that its tokenizer.json gives them`, async () => {
    const { entries } = await ggufOfReference(family);
    const given = tokenizerFromGguf(metadataOf(entries), family);
    const json = JSON.parse(readFileSync(referencePath(family, 'tokenizer.json'), 'utf8')) as TokenizerJson;
    const [ours, theirs] = [tokenizerFromJson(given.json), tokenizerFromJson(json)];
    const { vectors: all } = JSON.parse(
      readFileSync(referencePath(family, 'tokenizer_vectors.json'), 'utf8'),
    ) as { vectors: { text: string }[] };
    assert.ok(all.length > 50);
    for (const { text } of all) {
      const ids = theirs.encode(text);
      assert.deepEqual(ours.encode(text), ids, JSON.stringify(text));
      assert.equal(ours.decode(ids), theirs.decode(ids));
    }
    assert.deepEqual([...ours.specialTokens], [...theirs.specialTokens]);
    assert.equal(ours.vocabularySize, theirs.vocabularySize);
    const { special_ids: ids } = readReference<{ special_ids: { eos: number } }>(family);
    assert.deepEqual(given.endIds, [ids.eos]);
  });
}

const small: Entry[] = [
  ['tokenizer.ggml.model', 'text', 'llama'],
  ['tokenizer.ggml.tokens', 'text', ['<unk>', '<s>', '</s>', '<0x61>', '▁', 'b', '▁b', '[PAD7]', '<|x|>']],
  ['tokenizer.ggml.token_type', 'i32', [2, 3, 3, 6, 1, 1, 1, 5, 4]],
  ['tokenizer.ggml.scores', 'f32', [0, 0, 0, 0, -2, -3, -1, 0, 0]],
  ['tokenizer.ggml.eos_token_id', 'u32', 2],
  ['tokenizer.ggml.eot_token_id', 'u32', 8],
  ['tokenizer.chat_template', 'text', '{{ messages }}'],
];

test('kinds of tokens, ends and the chat template are told; rows without a token have none', () => {
  const { json, config, endIds } = tokenizerFromGguf(metadataOf(small), 'small');
  assert.deepEqual(
    json.added_tokens.map(({ id, special }) => [id, special]),
    [
      [0, true],
      [1, true],
      [2, true],
      [8, false],
    ],
  );
  assert.deepEqual(endIds, [2, 8]);
  assert.equal(config.eos_token, '</s>');
  assert.equal(config.chat_template, '{{ messages }}');
  assert.equal(config.mask_token, undefined);
  assert.deepEqual(json.model.merges, [['▁', 'b']]);
  assert.ok(!('[PAD7]' in json.model.vocab) && '<0x61>' in json.model.vocab);
  const tokenizer = tokenizerFromJson(json);
  assert.deepEqual(tokenizer.encode('ba b'), [6, 3, 6]);
  assert.equal(tokenizer.decode([6, 3, 7, 6]), 'ba b');
});

test('a token of a name that ends turns is a control token, also where a file calls it common, as in llama.cpp', () => {
  for (const kind of [1, 5]) {
    const entries = small.map(([key, type, value]): Entry => {
      if (key === 'tokenizer.ggml.tokens')
        return [key, type, (value as string[]).with(6, '<|im_end|>')] as Entry;
      return key === 'tokenizer.ggml.token_type'
        ? ([key, type, (value as number[]).with(6, kind)] as Entry)
        : ([key, type, value] as Entry);
    });
    const { json } = tokenizerFromGguf(metadataOf(entries), 'small');
    assert.ok(tokenizerFromJson(json).specialTokens.has('<|im_end|>'), `${kind}`);
  }
});

const byteLevel = (pre: string): Entry[] => [
  ['tokenizer.ggml.model', 'text', 'gpt2'],
  ['tokenizer.ggml.pre', 'text', pre],
  ['tokenizer.ggml.tokens', 'text', ['a', '<b>', '<e>']],
  ['tokenizer.ggml.token_type', 'i32', [1, 3, 3]],
  ['tokenizer.ggml.merges', 'text', []],
  ['tokenizer.ggml.bos_token_id', 'u32', 1],
  ['tokenizer.ggml.eos_token_id', 'u32', 2],
];

test('what stands around a text: the keys of a file, else what llama.cpp takes for its kind of tokenizer', () => {
  const usual: [entries: Entry[], addsBos: boolean][] = [
    [small, true],
    ...['gpt-2', 'qwen2', 'llada-moe', 'smollm', 'gpt-4o'].map(
      (pre) => [byteLevel(pre), false] as [Entry[], false],
    ),
    ...['llama3', 'llama-bpe', 'falcon3', 'pixtral', 'tekken'].map(
      (pre) => [byteLevel(pre), true] as [Entry[], true],
    ),
  ];
  for (const [entries, addsBos] of usual)
    for (const bos of [undefined, true, false])
      for (const eos of [undefined, true, false]) {
        const flags = Object.entries({ bos, eos }).flatMap(([role, value]): Entry[] =>
          value === undefined ? [] : [[`tokenizer.ggml.add_${role}_token`, 'bool', value]],
        );
        const { json } = tokenizerFromGguf(metadataOf([...entries, ...flags]), 'flags');
        const { prefixIds, suffixIds } = tokenizerFromJson(json);
        assert.deepEqual(prefixIds, (bos ?? addsBos) ? [1] : []);
        assert.deepEqual(suffixIds, (eos ?? false) ? [2] : []);
      }
});

test('every way to cut texts that has a name can be run', () => {
  const text = "It's 1234 fooBAR\u0085中文,\r\n\n  x\u0301";
  for (const name of cutNames) {
    const bytes = [...BYTE_CHARACTERS, '<b>', '<e>'];
    const entries = byteLevel(name).filter(([key]) => !/tokens|token_type/.test(key));
    const { json } = tokenizerFromGguf(
      metadataOf([
        ...entries,
        ['tokenizer.ggml.tokens', 'text', bytes],
        ['tokenizer.ggml.token_type', 'i32', bytes.map((_, id) => (id < 256 ? 1 : 3))],
      ]),
      name,
    );
    const tokenizer = tokenizerFromJson(json);
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text, name);
  }
});

test('roles of tokens: the keys of a file, SentencePiece’s usual ids, or none', () => {
  const config = (entries: readonly Entry[]) => tokenizerFromGguf(metadataOf(entries), 'roles');
  const bare = (entries: readonly Entry[]) => entries.filter(([key]) => !key.endsWith('_id'));
  const piece = config(bare(small));
  const { bos_token: bos, eos_token: eos, unk_token: unknown } = piece.config;
  assert.deepEqual([bos, eos, unknown, piece.endIds], ['<s>', '</s>', '<unk>', [2]]);
  const bytes = config(bare(byteLevel('llama-bpe')));
  assert.deepEqual(
    [bytes.config.bos_token, bytes.config.add_bos_token, bytes.endIds],
    [undefined, false, []],
  );
  const ask = (key: string, value: boolean | number) =>
    config([...bare(byteLevel('gpt-2')), [key, typeof value === 'number' ? 'u32' : 'bool', value]]);
  assert.throws(() => ask('tokenizer.ggml.add_bos_token', true), /bos_token_id, as .* is true, found none/);
  assert.throws(() => ask('tokenizer.ggml.add_bos_token', 1), /add_bos_token to be true or false, found "1"/);
  assert.throws(() => ask('tokenizer.ggml.eot_token_id', 3), /id of the eot token to be below 3, found "3"/);
});

test('without add_space_prefix a text has no space before it', () => {
  const metadata = metadataOf([...small, ['tokenizer.ggml.add_space_prefix', 'bool', false]]);
  const tokenizer = tokenizerFromJson(tokenizerFromGguf(metadata, 'small').json);
  assert.deepEqual(tokenizer.encode('ba b'), [5, 3, 6]);
  assert.equal(tokenizer.decode([5, 3, 6]), 'ba b');
});

test('a piece of thousands of characters, of which all ways to split would be tried, is refused', () => {
  const metadata = new Map(metadataOf(small));
  metadata.set('tokenizer.ggml.tokens', ['b'.repeat(5000), ...Array<string>(8).fill('a')]);
  assert.throws(
    () => tokenizerFromGguf(metadata, 'small'),
    (error) => error instanceof FileError && /at most 256 characters/.test(error.message),
  );
});
