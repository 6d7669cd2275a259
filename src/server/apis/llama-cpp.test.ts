import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bracketTemplate,
  byteTokenizer,
  modelThatAnswers,
  modelThatKnows,
} from '../../../test/fake-model.ts';
import { asker, eventsIn, type Json, startFakeServer } from '../../../test/fake-server.ts';

const story = 'Once upon a time';
const knowing = {
  story: () => modelThatKnows(story, () => {}, {}),
  chat: () => modelThatAnswers(() => 'yes'),
};

test("llama.cpp's own completion: whole, as a stream, of ids, several, with probabilities", async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const json = async (path: string, body: object): Promise<Json> => (await ask(path, { body })).json();
  const whole = await json('/completion', { prompt: 'Once', n_predict: 5, n_probs: 2 });
  assert.deepEqual([whole.content, whole.stop_type, whole.tokens_predicted], [' upon', 'limit', 5]);
  assert.equal(whole.completion_probabilities[1].top_logprobs[0].token, 'u');
  assert.equal(
    (await json('/completion', { prompt: byteTokenizer.encode('Once'), n_predict: 5 })).content,
    ' upon',
  );
  assert.equal((await json('/completion', { prompt: 'Once', n_predict: 5, n_cmpl: 2 })).length, 2);
  assert.equal((await json('/completion', { prompt: 'Once', n_predict: 5, n: 2 })).length, 2);
  const events = eventsIn(
    await (await ask('/completion', { body: { prompt: 'Once', n_predict: 5, stream: true } })).text(),
  );
  assert.equal(events.map(({ content }) => content).join(''), ' upon');
  assert.deepEqual([events.at(-1).stop, events[0].stop], [true, false]);
});

test('answers are in the language that is asked for, in whatever way a client says it', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const boolean = { type: 'boolean' };
  for (const [way, pattern] of [
    [{ grammar: 'root ::= " " [0-9]{3}' }, /^ \d{3}$/],
    [{ json_schema: boolean }, /^(true|false)$/],
    [{ guided_json: JSON.stringify(boolean) }, /^(true|false)$/],
    [{ guided_regex: 'x{4}' }, /^xxxx$/],
    [{ guided_choice: ['red', 'blue'] }, /^(red|blue)$/],
    [{ response_format: { type: 'json_object', schema: boolean } }, /^(true|false)$/],
    [{ response_format: { type: 'json_schema', schema: boolean } }, /^(true|false)$/],
    [{ structured_outputs: { json: boolean } }, /^(true|false)$/],
    [{ structured_outputs: { choice: ['red', 'blue'] } }, /^(red|blue)$/],
    [{ structured_outputs: { regex: 'x{4}' } }, /^xxxx$/],
    [{ structured_outputs: { grammar: 'root ::= "ab"' } }, /^ab$/],
  ] as const) {
    for (const path of ['/completion', '/v1/completions']) {
      const body = { prompt: 'Once', max_tokens: 12, steps: 3, ...way };
      const whole = (await (await ask(path, { body })).json()) as Json;
      assert.match(
        whole.content ?? whole.choices?.[0].text ?? JSON.stringify(whole),
        pattern,
        JSON.stringify(way),
      );
    }
  }
  for (const mistake of [
    { grammar: 'root ::= root "a"' },
    { grammar: 'root ::= "a"', guided_regex: 'b' },
    { guided_json: '{' },
    { guided_regex: 'x', structured_outputs: { regex: 'y' } },
    { response_format: { type: 'json_schema' } },
    { structured_outputs: { structural_tag: 'x' } },
    { guided_json: `{"items":${'{"items":'.repeat(6000)}{}${'}'.repeat(6001)}` },
  ])
    assert.equal((await ask('/completion', { body: { prompt: 'a', ...mistake } })).status, 400);
});

test('a gap keeps to a grammar or schema, and has as many tokens as that admits', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const json = async (path: string, body: object): Promise<Json> => (await ask(path, { body })).json();
  const gap = { input_prefix: 'Once upon', input_suffix: 'time there', n_predict: 12 };
  const sentinels = '<|fim_prefix|>Once upon<|fim_suffix|>time there<|fim_middle|>';
  for (const [way, pattern] of [
    [{ grammar: 'root ::= " " [a-z] " "' }, /^ a $/],
    [{ grammar: 'root ::= " " [0-9]{5,7}' }, /^ \d{5,7}$/],
    [{ json_schema: { enum: ['red', 'yellow'] } }, /^"(red|yellow)"$/],
  ] as const) {
    const filled = await json('/infill', { ...gap, ...way });
    assert.match(filled.content, pattern, JSON.stringify(way));
    assert.equal(filled.stop_type, 'eos');
    const { content } = await json('/completion', { prompt: sentinels, n_predict: 12, ...way });
    assert.match(content, pattern, JSON.stringify(way));
  }
  const open = await json('/infill', { ...gap, input_suffix: '', grammar: 'root ::= " " [0-9]{3}' });
  assert.match(open.content, /^ \d{3}$/);
  const short = await json('/infill', { ...gap, n_predict: 2, grammar: 'root ::= "abc"' });
  assert.match(short.error.message, /^language: must admit a text of 1 to 2 tokens/);
});

test('texts become tokens, and these texts; conversations become what the template makes of them', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const json = async (path: string, body: object): Promise<Json> => (await ask(path, { body })).json();
  const ids = byteTokenizer.encode('aé');
  assert.deepEqual(await json('/tokenize', { content: 'aé', add_special: false }), {
    tokens: ids,
    unmask: { ignored: ['add_special'] },
  });
  assert.deepEqual((await json('/tokenize', { content: 'a', with_pieces: true })).tokens, [
    { id: ids[0], piece: 'a' },
  ]);
  assert.deepEqual(await json('/detokenize', { tokens: ids }), { content: 'aé' });
  assert.equal((await ask('/detokenize', { body: { tokens: [1e6] } })).status, 400);
  const messages = [{ role: 'user', content: 'Hi' }] as const;
  const { prompt } = await json('/apply-template', { model: 'chat', messages });
  assert.equal(prompt, bracketTemplate.encode(messages).text);
  const { default_generation_settings: settings, total_slots } = (await (await ask('/props')).json()) as Json;
  const slots = (await (await ask('/slots')).json()) as Json;
  assert.deepEqual([settings.n_ctx, total_slots, slots.length], [4096, 8, 8]);
});

test('an answer is the likeliest of some, and how likely each is is told', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const json = async (path: string, body: object): Promise<Json> => (await ask(path, { body })).json();
  const choices = [' upon', ' under'];
  const whole = await json('/v1/completions', { prompt: 'Once', choices });
  assert.equal(whole.choices[0].text, ' upon');
  const told = whole.unmask.choices as { text: string; logprob: number; probability: number }[];
  // by hand: the logits of what is known, against 257 others of 0; " under" has its "u" and the space in common
  const logit = (row: number): number => 12 - (10 * row) / story.length;
  for (const { text, logprob } of told) {
    const expected = Array.from(text, (character, i) => {
      const l = logit(4 + i);
      return (story[4 + i] === character ? l : 0) - Math.log(Math.exp(l) + 257);
    }).reduce((sum, x) => sum + x, 0);
    assert.ok(Math.abs(logprob - expected) < 1e-3, `${text} ${logprob} ${expected}`);
  }
  assert.ok(Math.abs(told.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-9);
  const messages = [{ role: 'user', content: 'Is it?' }];
  const chat = await json('/v1/chat/completions', {
    model: 'chat',
    messages,
    choices: ['no', 'yes', 'yes!'],
  });
  assert.deepEqual([chat.choices[0].message.content, chat.usage.forwards], ['yes', 3]);
  assert.equal(chat.usage.prompt_tokens, bracketTemplate.encode(messages as never).ids.length);
  assert.ok(chat.unmask.choices[1].probability > 0.9);
});
