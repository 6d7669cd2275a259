import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileError } from '../base/errors.ts';
import { requireMaskId } from './load.ts';
import { chatTemplateOf } from './chat-template.ts';
import { loadTokenizer, readTokenizerFiles } from './from-directory.ts';
import { saveTokenizer } from './save.ts';
import { trainByteLevelBpe } from './train-bpe.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-tokenizer-'));
after(() => rmSync(root, { recursive: true }));
const directory = (name: string) => join(root, name);
const json = trainByteLevelBpe(['the cat, the cat'], { vocabularySize: 262 });

test('what is saved loads with the same ids, mask and end', async () => {
  saveTokenizer(directory('saved'), json);
  const loaded = await loadTokenizer(directory('saved'));
  assert.equal(loaded.maskId, 0);
  assert.equal(loaded.endId, 1);
  assert.equal(loaded.vocabularySize, 262);
  assert.equal(loaded.decode(loaded.encode('the cat')), 'the cat');
  assert.equal(requireMaskId(loaded, directory('saved')), 0);
  assert.deepEqual(JSON.parse(readFileSync(join(directory('saved'), 'tokenizer_config.json'), 'utf8')), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    mask_token: '<|mask|>',
    eos_token: '<|endoftext|>',
    pad_token: '<|endoftext|>',
    clean_up_tokenization_spaces: false,
  });
});

test('config.json says which id is the mask, before tokenizer_config.json', async () => {
  saveTokenizer(directory('config'), json);
  writeFileSync(join(directory('config'), 'config.json'), '{"mask_token_id": 260, "eos_token_id": [9, 8]}');
  const loaded = await loadTokenizer(directory('config'));
  assert.equal(loaded.maskId, 260);
  assert.equal(loaded.endId, 9);
});

test('a mask that is a common token never comes out of a text', async () => {
  const { maskId = -1, ...loaded } = await loadTokenizer(directory('config'));
  const spelled = loaded.decode([maskId], { special: true });
  assert.ok(spelled.length > 1);
  const ids = loaded.encode(`the ${spelled}${spelled} cat`);
  assert.ok(!ids.includes(maskId));
  assert.equal(loaded.decode(ids), `the ${spelled}${spelled} cat`);
});

test('a tokenizer without a mask token loads, and is refused where a mask is needed', async () => {
  saveTokenizer(
    directory('causal'),
    trainByteLevelBpe([], { vocabularySize: 257, specialTokens: ['<|endoftext|>'] }),
  );
  const loaded = await loadTokenizer(directory('causal'));
  assert.equal(loaded.maskId, undefined);
  assert.throws(
    () => requireMaskId(loaded, directory('causal')),
    (error) =>
      error instanceof FileError &&
      /with a mask token, found only <\|endoftext\|>; set mask_token_id/.test(error.message),
  );
});

test('a template for tools that has a file of its own is that of conversations with tools', async () => {
  const path = directory('tools');
  saveTokenizer(path, json);
  mkdirSync(join(path, 'additional_chat_templates'));
  writeFileSync(join(path, 'chat_template.jinja'), 'plain');
  writeFileSync(join(path, 'additional_chat_templates/tool_use.jinja'), '{{ tools[0].name }}');
  const template = chatTemplateOf(
    await readTokenizerFiles(path),
    await loadTokenizer(path),
    () => new Date(0),
  );
  const messages = [{ role: 'user', content: 'Hello' }] as const;
  assert.equal(template?.encode(messages).text, 'plain');
  assert.equal(template?.encode(messages, { tools: [{ name: 'weather' }] }).text, 'weather');
});

test('a missing, damaged or foreign file is a FileError with its path', async () => {
  const path = join(root, 'tokenizer.json');
  const refused = async (content: string | undefined, reason: RegExp) => {
    if (content !== undefined) writeFileSync(path, content);
    await assert.rejects(
      loadTokenizer(content === undefined ? directory('nowhere') : path),
      (error) => error instanceof FileError && reason.test(error.message),
      content,
    );
  };
  await refused(undefined, /nowhere: expected a tokenizer, found no such file/);
  await refused('{"model": ', /tokenizer\.json: expected JSON/);
  await refused('[]', /expected a JSON object, found a list/);
  await refused('{}', /has no model/);
  await refused('{"model": {"vocab": {}}}', /added_tokens is not a list/);
  await refused(
    '{"model": {"type": "BPE", "vocab": {"a": "b"}, "merges": []}, "added_tokens": []}',
    /the id of "a" is "b"/,
  );
});
