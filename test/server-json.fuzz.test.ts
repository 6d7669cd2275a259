import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';
import { modelThatKnows } from './fake-model.ts';
import { asker, eventsIn, startFakeServer, type Json } from './fake-server.ts';
import { inputs } from './inputs.ts';

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

test('JSON that fills its tokens exactly is whole: every API says that it stopped, streamed or not', async (t) => {
  const server = await startFakeServer(t, knowing);
  const ask = asker(server);
  const small = { ...schema, properties: { ...schema.properties, name: { type: 'string', maxLength: 40 } } };
  const format = { type: 'json_schema', json_schema: { name: 'person', schema: small } };
  const tokens = 36;
  const ways: [path: string, body: object, finish: (answer: Json) => unknown, expected: string][] = [
    ['/v1/chat/completions', { messages, response_format: format, max_tokens: tokens }, openaiFinish, 'stop'],
    ['/v1/completions', { prompt: '', response_format: format, max_tokens: tokens }, openaiFinish, 'stop'],
    ['/v1/completions', { prompt: '', regex: '[a-z ]+', length: tokens }, openaiFinish, 'stop'],
    [
      '/v1/fim/completions',
      { prompt: 'x', response_format: format, max_tokens: tokens },
      openaiFinish,
      'stop',
    ],
    [
      '/infill',
      { input_prefix: 'x', jsonSchema: small, n_predict: tokens },
      ({ stop_type }) => stop_type,
      'eos',
    ],
    ['/api/chat', { messages, format: small, options: { num_predict: tokens } }, doneReason, 'stop'],
    ['/api/generate', { prompt: 'x', format: small, options: { num_predict: tokens } }, doneReason, 'stop'],
    // and without a constraint it didn't
    ['/v1/completions', { prompt: '', max_tokens: tokens }, openaiFinish, 'length'],
    ['/api/chat', { messages, options: { num_predict: tokens } }, doneReason, 'length'],
    ['/infill', { input_prefix: 'x', n_predict: tokens }, ({ stop_type }) => stop_type, 'limit'],
  ];
  for (const [path, body, finish, expected] of ways) {
    for (const stream of [false, true]) {
      const text = await (await ask(path, { body: { model: 'story', ...body, stream } })).text();
      const answers = !stream
        ? [JSON.parse(text) as Json]
        : path.startsWith('/api')
          ? text
              .trimEnd()
              .split('\n')
              .map((line) => JSON.parse(line) as Json)
          : eventsIn(text).filter((event) => typeof event !== 'string');
      const last = answers.findLast((answer) => finish(answer));
      assert.equal(finish(last), expected, `${path} ${JSON.stringify(body)} ${stream}`);
    }
  }
  const metrics = await (await ask('/metrics')).text();
  assert.match(metrics, /request_success_total\{model_name="story",finished_reason="stop"\} 14\n/);

  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  for (let n = 20; n < 60; n += 40 / inputs({ all: 40, few: 4 })) {
    const { choices } = await client.chat.completions.parse({
      model: 'story',
      messages,
      max_tokens: n,
      response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: small } },
    });
    assert.equal(typeof (choices[0].message.parsed as Json).age, 'number');
  }
});

const openaiFinish = ({ choices }: Json): unknown => choices?.[0]?.finish_reason;
const doneReason = ({ done_reason }: Json): unknown => done_reason;

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
