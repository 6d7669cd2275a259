import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatMessage } from '../src/tokenizer/chat-template.ts';
import { load } from '../src/language-model/load.ts';
import { readReference, referencePath } from './reference.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const messages: ChatMessage[] = [
  { role: 'user', content: 'What is 1 + 1? <|eot_id|>' },
  { role: 'assistant', content: '2' },
  { role: 'user', content: 'And 2 + 2?' },
];

const families = [
  'llada',
  'llada_moe',
  'llada2',
  'llada21',
  'dream',
  'a2d_llama',
  'a2d_qwen2',
  'a2d_qwen3',
  'llama',
  'qwen2',
];
for (const family of families) {
  test(`${family} opens, and answers a conversation`, async (t) => {
    const model = await load(referencePath(family));
    t.after(() => model.close());
    const { ids } = model.chatTemplate!.encode(messages);
    const { text, tokens, frame } = await model.generate({ messages, length: 12, steps: 12, endless: true });
    assert.deepEqual([...tokens.subarray(0, ids.length)], ids);
    assert.equal(tokens.length, ids.length + 12);
    assert.equal(text, model.tokenizer.decode(tokens.subarray(ids.length)));
    assert.ok(!frame.tokens.includes(model.maskId));
    await assert.rejects(model.generate({ messages, prompt: 'Hello' }), {
      message:
        /^messages: is given instead of prompt, tokens or messages, not beside them, got \["prompt","messages"\]/,
    });
  });
}

interface Greedy {
  readonly greedy: readonly {
    readonly prompt: number[][];
    readonly output: number[][];
    readonly text: string;
  }[];
}
for (const family of ['llama', 'qwen2']) {
  test(`${family}: generate writes the recorded likeliest texts, also without a mask token`, async (t) => {
    const model = await load(referencePath(family));
    t.after(() => model.close());
    assert.equal(model.maskId, model.config.vocabularySize);
    for (const { prompt, output } of readReference<Greedy>(family).greedy) {
      const [given, expected] = [prompt[0], output[0]];
      const length = expected.length - given.length;
      const canvas = [...given, ...Array<number>(length).fill(model.maskId)];
      const { frame, stats } = await model.generate({ tokens: canvas, stopEarly: false });
      assert.deepEqual([...frame.tokens], expected);
      assert.equal(stats.forwards, length);
      // the same from text: the prompt begins with what the tokenizer puts before every text
      const text = model.tokenizer.decode(given);
      const { tokens } = await model.generate({ prompt: text, length, endless: true });
      assert.deepEqual([...tokens.subarray(0, given.length)], given);
    }
    const [{ output }] = readReference<Greedy>(family).greedy;
    const answer = model.tokenizer.decode(output[0].slice(3));
    assert.ok((await model.score({ prompt: 'The', answer })).nats > 0);
    assert.ok((await model.generate({ prompt: '', length: 3 })).tokens.length >= 1);
    await assert.rejects(model.generate({ prompt: 'The', guidance: 1 }), {
      message: /^guidance: needs a model with a mask token/,
    });
    await assert.rejects(model.generate({ tokens: [model.maskId, 5] }), {
      message: /^tokens: must begin with a token that is given/,
    });
  });
}

test('a text behind the end of a turn is no part of the answer', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const template = '{% for m in messages %}{{ m.role }} {{ m.content }}<|endoftext|>{% endfor %}';
  await writeFile(join(directory, 'chat_template.jinja'), template);
  const model = await load(directory);
  t.after(() => model.close());
  assert.equal(model.chatTemplate!.turnEndId, model.endIds[0]);
  const short: ChatMessage[] = [{ role: 'user', content: 'hi' }];
  const { text, tokens } = await model.generate({ messages: short, temperature: 1, seed: 3, length: 20 });
  const { ids } = model.chatTemplate!.encode(short);
  assert.ok(!text.includes('user'));
  assert.equal(text, model.tokenizer.decode(tokens.subarray(ids.length)));
});

test('a model without a chat template says what to do', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const model = await load(directory);
  t.after(() => model.close());
  assert.equal(model.chatTemplate, undefined);
  await assert.rejects(model.generate({ messages }), {
    name: 'InvalidOptionError',
    message: /^messages: needs a model with a chat template .*, and this one has none: use prompt/,
  });
});
