import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedServer, clientPackage, weatherSchema } from './asked-server.ts';

const { default: Anthropic } = await clientPackage('@anthropic-ai/sdk');

test('@anthropic-ai/sdk: messages, tools, streams, tokens, errors', async (t) => {
  const { url } = await askedServer(t, { keys: ['secret'] });
  const client = new Anthropic({ baseURL: url, apiKey: 'secret', maxRetries: 0 });
  const asked = { model: 'chat', max_tokens: 80, system: [{ type: 'text', text: 'Be brief.' }] };
  const hello = [{ role: 'user', content: 'Hi' }];
  const whole = await client.messages.create({ ...asked, messages: hello });
  assert.deepEqual(
    [whole.content, whole.stop_reason],
    [[{ type: 'text', text: 'Hello there.' }], 'end_turn'],
  );
  const streamed = await client.messages.stream({ ...asked, messages: hello }).finalMessage();
  assert.deepEqual(
    [streamed.content, streamed.usage.output_tokens],
    [whole.content, whole.usage.output_tokens],
  );

  const tools = [{ name: 'weather', description: 'The weather', input_schema: weatherSchema }];
  const messages: object[] = [{ role: 'user', content: 'How is the weather?' }];
  for (const create of [
    () => client.messages.create({ ...asked, tools, messages }),
    () => client.messages.stream({ ...asked, tools, messages }).finalMessage(),
  ]) {
    const { content, stop_reason } = await create();
    assert.deepEqual(
      [content[0].type, content[0].input, stop_reason],
      ['tool_use', { city: 'Oslo' }, 'tool_use'],
    );
    const result = { type: 'tool_result', tool_use_id: content[0].id, content: 'rain' };
    const all = [...messages, { role: 'assistant', content }, { role: 'user', content: [result] }];
    const last = await client.messages.create({ ...asked, tools, messages: all });
    assert.equal(last.content[0].text, 'It rains in Oslo.');
  }

  const { input_tokens } = await client.messages.countTokens({ model: 'chat', messages: hello });
  assert.equal(input_tokens, '[user] Hi\n[assistant] '.length);
  const stopped = await client.messages.create({ ...asked, messages: hello, stop_sequences: [' there'] });
  assert.deepEqual([stopped.content[0].text, stopped.stop_sequence], ['Hello', ' there']);
  await assert.rejects(
    client.messages.create({ ...asked, model: 'none', messages: hello }),
    Anthropic.NotFoundError,
  );
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } };
  const shown = [{ role: 'user', content: [image] }];
  await assert.rejects(client.messages.create({ ...asked, messages: shown }), /only text is read/);
});
