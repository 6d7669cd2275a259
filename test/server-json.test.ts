import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';
import { modelThatKnows } from './fake-model.ts';
import { asker, startFakeServer, type Json } from './fake-server.ts';

/** It knows no JSON: what is valid in its answers is the constraint's doing. */
const knowing = { story: () => modelThatKnows('{"name": Tom, "age": seven years, and so on and on') };
const messages = [{ role: 'user' as const, content: '' }];
const schema = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 6 }, age: { type: 'integer', minimum: 0, maximum: 99 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const person = z.strictObject({ name: z.string().max(6), age: z.int().min(0).max(99) });

test("a JSON schema holds, by OpenAI's client, the AI SDK, and Ollama's format", async (t) => {
  const server = await startFakeServer(t, knowing);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const completion = await client.chat.completions.create({
    model: 'story',
    messages,
    max_tokens: 40,
    response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } },
  });
  person.parse(JSON.parse(completion.choices[0].message.content!));

  const provider = createOpenAICompatible({
    name: 'unmask',
    baseURL: `${server.url}/v1`,
    supportsStructuredOutputs: true,
  });
  const { object } = await generateObject({
    model: provider('story'),
    schema: person,
    prompt: ' ',
    maxOutputTokens: 40,
    maxRetries: 0,
  });
  person.parse(object);

  const ollama = await asker(server)('/api/chat', {
    body: { model: 'story', messages, format: schema, stream: false, options: { num_predict: 40 } },
  });
  person.parse(JSON.parse(((await ollama.json()) as Json).message.content));
});

test('json_object is any object; what can not be kept is refused', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const answer = async (more: object): Promise<Response> =>
    ask('/v1/chat/completions', { body: { messages, max_tokens: 24, ...more } });
  const first = await answer({ response_format: { type: 'json_object' } });
  const object = (await first.json()) as Json;
  assert.equal(typeof JSON.parse(object.choices[0].message.content), 'object');
  const refused: object[] = [
    { type: 'json_schema', json_schema: { schema: { type: 'string', pattern: '(?<=a)b' } } },
    { type: 'json_schema', json_schema: { schema: { type: 'object', additionalProperties: 3 } } },
    { type: 'json_schema', json_schema: { schema: { $ref: 'http://evil.example/x' } } },
    { type: 'json_schema', json_schema: { schema: { type: 'string', minLength: 1000 } } },
    { type: 'json_schema' },
  ];
  for (const response_format of refused) {
    const response = await answer({ response_format });
    assert.equal(response.status, 400, JSON.stringify(response_format));
  }
});
