import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { spelledBy } from '../../test/spelled-by.ts';
import { tokenizerConfigOf, withConfiguredTokens } from './configured-tokens.ts';
import { tokenizerFromJson } from './from-json.ts';
import { specialToken, type TokenizerJson, withIdsInOrder } from './tokenizer-json.ts';

const json = JSON.parse(readFileSync(referencePath('tiny_llama', 'tokenizer.json'), 'utf8')) as TokenizerJson;
const added = (config: Readonly<Record<string, unknown>>, of = json) =>
  withConfiguredTokens(of, config)
    .added_tokens.slice(3)
    .map(({ id, content, special, normalized, lstrip }) => [id, content, special, normalized, lstrip]);

test('tokens of tokenizer_config.json have the ids and flags that transformers 5.18.0 gives them', () => {
  const plain = { normalized: false, special: false };
  const decoder = (tokens: object) => ({ added_tokens_decoder: tokens });
  const cases: [config: Readonly<Record<string, unknown>>, expected: unknown[][]][] = [
    [decoder({ 460: { content: '<x>', ...plain } }), [[449, '<x>', false, false, false]]],
    [
      decoder({
        460: { content: '<x>', ...plain },
        455: { content: '<y>', normalized: false, special: true },
      }),
      [
        [449, '<y>', true, false, false],
        [450, '<x>', false, false, false],
      ],
    ],
    [decoder({ 449: { content: '<x>' } }), [[449, '<x>', false, true, false]]],
    [
      { mask_token: '<y>', pad_token: '<x>' },
      [
        [449, '<x>', true, false, false],
        [450, '<y>', true, false, false],
      ],
    ],
    [{ additional_special_tokens: ['<z>'] }, [[449, '<z>', true, false, false]]],
    [{ extra_special_tokens: { image_token: '<z>' } }, [[449, '<z>', true, false, false]]],
    [{ image_token: '<z>' }, [[449, '<z>', true, false, false]]],
    [{ eos_token: '</s>' }, []],
    [{ mask_token: { content: '<m>', lstrip: true } }, [[449, '<m>', true, false, true]]],
  ];
  for (const [config, expected] of cases) assert.deepEqual(added(config), expected, JSON.stringify(config));
});

test('what the config says of a token that tokenizer.json has too is what holds', () => {
  const has = withConfiguredTokens(json, { eos_token: '<x>' });
  const config = { added_tokens_decoder: { 449: { content: '<x>', special: true, lstrip: true } } };
  assert.deepEqual(added(config, has), [[449, '<x>', true, false, true]]);
  assert.equal(withConfiguredTokens(json, { eos_token: '</s>' }), json);
  assert.throws(
    () => withConfiguredTokens(json, { added_tokens_decoder: { 7: {} } }),
    /does not say what token 7 is/,
  );
});

test('where tokenizer_config.json describes no tokens, the older files beside it are read as transformers 5.18.0 does', () => {
  const files = (config: object) => ({
    directory: 'x',
    texts: new Map([
      ['tokenizer_config.json', JSON.stringify(config)],
      ['special_tokens_map.json', '{"mask_token": {"content": "<m>", "lstrip": true}, "pad_token": "<y>"}'],
    ] as const),
  });
  const config = tokenizerConfigOf(files({ mask_token: '<other>' }));
  const named = [
    [449, '<y>', true, false, false],
    [450, '<m>', true, false, true],
  ];
  assert.deepEqual(added(config), named);
  const legacy = { '<x>': 450, '<y>': 449, '</s>': 2 };
  const has = withConfiguredTokens(json, config, legacy).added_tokens.slice(3);
  assert.deepEqual(
    has.map(({ id, content, special, normalized }) => [id, content, special, normalized]),
    [
      [449, '<y>', true, false],
      [450, '<x>', false, true],
      [451, '<m>', true, false],
    ],
  );
  const describing = { added_tokens_decoder: {}, eos_token: '</s>' };
  assert.deepEqual(added(tokenizerConfigOf(files(describing))), []);
  assert.equal(withConfiguredTokens(json, describing, legacy), json);
});

test('added tokens of tokenizer.json that the vocabulary lacks have the ids of tokenizers 0.23.2: one after the other', () => {
  const idsOf = (...given: number[]) => {
    const tokens = given.map((id, i) => specialToken('<a><b>'.slice(3 * i, 3 * i + 3), id));
    return withIdsInOrder({ ...json, added_tokens: tokens }).added_tokens.map(({ id }) => id);
  };
  assert.deepEqual(idsOf(454, 451), [449, 450]);
  assert.deepEqual(idsOf(449, 452), [449, 450]);
  const known = { ...json, added_tokens: [specialToken('<s>', 500), specialToken('<x>', 600)] };
  assert.deepEqual(
    withIdsInOrder(known).added_tokens.map(({ id }) => id),
    [1, 449],
  );
  assert.equal(withIdsInOrder(json), json);
});

test('an added token that is looked for in normalised text is written as tokenizers 0.23.2 writes it, in text and in bytes', () => {
  const plain = { ...specialToken('<tok>', 449), special: false };
  const added = [
    { ...plain, normalized: true },
    { ...plain, content: '<▁b>', id: 450 },
  ];
  const tokenizer = tokenizerFromJson({ ...json, added_tokens: added });
  const ids = tokenizer.encode('The <tok> dog<▁b>x');
  assert.deepEqual(ids, [343, 301, 362, 449, 431, 321, 313, 450, 437]);
  assert.equal(tokenizer.decode(ids), 'The <tok> dog< b> x');
  assert.equal(spelledBy(tokenizer, ids), 'The <tok> dog< b> x');
});
