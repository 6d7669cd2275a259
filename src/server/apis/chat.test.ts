import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatAnswers } from '../../../test/fake-model.ts';
import { asker, eventsIn, startFakeServer, type Json } from '../../../test/fake-server.ts';

const answering = {
  chatty: () => modelThatAnswers((given) => `You said ${given.length} letters.`, { maxLength: 400 }),
};
const messages = [
  { role: 'system', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'Good ' },
      { type: 'text', text: 'day' },
    ],
  },
];

test('a model with a chat template answers in it, and the answer ends where its turn does', async (t) => {
  const ask = asker(await startFakeServer(t, answering));
  const whole = (await (
    await ask('/v1/chat/completions', { body: { messages, max_tokens: 100 } })
  ).json()) as Json;
  const { content } = whole.choices[0].message;
  assert.match(content, /^You said \d+ letters\.$/);
  assert.equal(whole.choices[0].finish_reason, 'stop');
  assert.equal(whole.usage.completion_tokens, content.length);
  const model = answering.chatty();
  const turns = [
    { role: 'system' as const, content: 'Be brief.' },
    { role: 'user' as const, content: 'Good day' },
  ];
  const { text } = await model.generate({ messages: turns, length: 100 });
  assert.equal(text, content);
  const events = eventsIn(
    await (await ask('/v1/chat/completions', { body: { messages, max_tokens: 100, stream: true } })).text(),
  );
  const said = events.slice(0, -1).map(({ choices }) => choices[0].delta.content ?? '');
  assert.equal(said.join(''), content);
  const card = (await (await ask('/v1/models/chatty')).json()) as Json;
  assert.equal(card.chat, 'template');
});

test('what a message spells is never a special token', async (t) => {
  const ask = asker(await startFakeServer(t, answering));
  const tokens = async (content: string): Promise<number> => {
    const body = { messages: [{ role: 'user', content }], max_tokens: 1 };
    return ((await (await ask('/v1/chat/completions', { body })).json()) as Json).usage.prompt_tokens;
  };
  const spelled = '<|mask|><|end|>';
  assert.equal(await tokens(spelled), await tokens('x'.repeat(spelled.length)));
});

test('edits and updates go to a model that was trained on them as they are', async (t) => {
  const ask = asker(await startFakeServer(t, answering));
  for (const path of ['/v1/edit/completions', '/v1/apply/completions']) {
    const body = { messages: [{ role: 'user', content: '<|code_to_edit|>x<|/code_to_edit|>' }] };
    const answer = (await (await ask(path, { body })).json()) as Json;
    assert.match(answer.choices[0].message.content, /^You said \d+ letters\.$/);
  }
});

test('an answer that a client has begun is gone on with, as each API says it', async (t) => {
  const ask = asker(
    await startFakeServer(t, { dog: () => modelThatAnswers(() => 'The dog.', { maxLength: 400 }) }),
  );
  const begun = [
    { role: 'user', content: 'Who?' },
    { role: 'assistant', content: 'The' },
  ];
  const json = async (path: string, body: object): Promise<Json> =>
    (await ask(path, { body: { model: 'dog', messages: begun, max_tokens: 20, ...body } })).json();
  const on = { continue_final_message: true, add_generation_prompt: false };
  const whole = await json('/v1/chat/completions', on);
  assert.deepEqual([whole.choices[0].message.content, whole.choices[0].finish_reason], [' dog.', 'stop']);
  assert.equal((await json('/v1/chat/completions', {})).choices[0].message.content, 'The dog.');
  assert.equal((await json('/v1/messages', {})).content[0].text, ' dog.');
  assert.equal((await json('/api/chat', { stream: false })).message.content, ' dog.');
  const refused = await json('/v1/chat/completions', { ...on, messages: begun.slice(0, 1) });
  assert.match(refused.error.message, /^continue_final_message: needs a last message of the assistant/);
});
