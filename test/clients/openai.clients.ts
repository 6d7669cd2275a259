import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../fake-server.ts';
import { askedServer, clientPackage, person, personSchema, story, weatherSchema } from './asked-server.ts';

const { default: OpenAI } = await clientPackage('openai');
const messages = [{ role: 'user', content: 'How is the weather?' }];
const tools = [{ type: 'function', function: { name: 'weather', parameters: weatherSchema, strict: true } }];

async function clientOf(t: Parameters<typeof askedServer>[0]): Promise<Json> {
  const { url } = await askedServer(t, { keys: ['secret'] });
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'secret', maxRetries: 0 });
}

test('openai: chat, tools and their loop, whole and streamed', async (t) => {
  const client = await clientOf(t);
  const asked = { model: 'chat', max_tokens: 80, tools };
  const first = await client.chat.completions.create({ ...asked, messages });
  const [call] = first.choices[0].message.tool_calls;
  assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['weather', { city: 'Oslo' }]);
  const answered = [
    ...messages,
    first.choices[0].message,
    { role: 'tool', tool_call_id: call.id, content: 'rain' },
  ];
  const last = await client.chat.completions.create({ ...asked, messages: answered });
  assert.deepEqual(
    [last.choices[0].message.content, last.choices[0].finish_reason],
    ['It rains in Oslo.', 'stop'],
  );

  const stream = client.chat.completions.stream({ ...asked, messages });
  const calls = (await stream.finalChatCompletion()).choices[0].message.tool_calls;
  assert.deepEqual(JSON.parse(calls[0].function.arguments), { city: 'Oslo' });

  const said: string[] = [];
  const runner = client.chat.completions.runTools({
    model: 'chat',
    max_tokens: 80,
    messages,
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          parse: JSON.parse,
          parameters: weatherSchema,
          function: ({ city }: { city: string }) => {
            said.push(city);
            return 'rain';
          },
        },
      },
    ],
  });
  assert.deepEqual([await runner.finalContent(), said], ['It rains in Oslo.', ['Oslo']]);
});

test('openai: parse() never finds half an answer', async (t) => {
  const client = await clientOf(t);
  const response_format = {
    type: 'json_schema',
    json_schema: { name: 'person', schema: personSchema, strict: true },
  };
  const asked = {
    model: 'chat',
    max_tokens: 64,
    messages: [{ role: 'user', content: 'A person.' }],
    response_format,
  };
  const parsed = await client.chat.completions.parse(asked);
  assert.deepEqual(JSON.parse(parsed.choices[0].message.content), person);
});

test('openai: completions of one text, a gap, several', async (t) => {
  const client = await clientOf(t);
  const gap = await client.completions.create({
    model: 'story',
    prompt: 'Once upon',
    suffix: 'time',
    max_tokens: 3,
  });
  assert.equal(gap.choices[0].text, ' a ');
  const { choices } = await client.completions.create({
    model: 'story',
    prompt: 'Once upon',
    n: 2,
    max_tokens: 7,
  });
  assert.deepEqual(
    choices.map(({ text }: { text: string }) => text),
    [story.slice(9, 16), story.slice(9, 16)],
  );
});

test('openai: responses, whole and streamed, with calls and structured answers', async (t) => {
  const client = await clientOf(t);
  const whole = await client.responses.create({
    model: 'chat',
    input: 'Hi',
    instructions: 'Be brief.',
    max_output_tokens: 32,
  });
  assert.deepEqual(
    [whole.output_text, whole.status, whole.usage.output_tokens],
    ['Hello there.', 'completed', 12],
  );

  const flat = [{ type: 'function', name: 'weather', parameters: weatherSchema, strict: true }];
  const input: object[] = [{ role: 'user', content: [{ type: 'input_text', text: 'How is the weather?' }] }];
  const called = await client.responses.create({ model: 'chat', input, tools: flat, max_output_tokens: 80 });
  const [call] = called.output;
  assert.deepEqual([call.type, JSON.parse(call.arguments)], ['function_call', { city: 'Oslo' }]);
  input.push(...called.output, { type: 'function_call_output', call_id: call.call_id, output: 'rain' });
  const last = await client.responses.create({ model: 'chat', input, tools: flat, max_output_tokens: 80 });
  assert.equal(last.output_text, 'It rains in Oslo.');

  const types: string[] = [];
  const stream = client.responses.stream({ model: 'chat', input: 'Hi', max_output_tokens: 32 });
  for await (const { type } of stream) if (types.at(-1) !== type) types.push(type);
  assert.equal((await stream.finalResponse()).output_text, 'Hello there.');
  assert.deepEqual([types[0], types.at(-1)], ['response.created', 'response.completed']);
  assert.ok(types.includes('response.output_text.delta') && types.includes('response.output_item.done'));

  const format = { type: 'json_schema', name: 'person', schema: personSchema, strict: true };
  const parsed = await client.responses.parse({
    model: 'chat',
    input: 'A person.',
    text: { format },
    max_output_tokens: 64,
  });
  assert.deepEqual(JSON.parse(parsed.output_text), person);
});

test('openai: embeddings, likelihoods, several prompts', async (t) => {
  const client = await clientOf(t);
  const { data, usage } = await client.embeddings.create({ model: 'story', input: ['ab', 'b'] });
  assert.deepEqual([data.length, usage.prompt_tokens], [2, 3]);
  assert.ok(Math.abs(Math.hypot(...data[0].embedding) - 1) < 1e-6);
  const asked = { model: 'story', prompt: ['Once', 'Onto'], echo: true, logprobs: 1, max_tokens: 0 };
  const { choices } = await client.completions.create(asked);
  const sums = choices.map(({ logprobs }: Json) =>
    logprobs.token_logprobs.reduce((a: number, b: number) => a + b, 0),
  );
  assert.ok(sums[0] > sums[1], `${sums}`);
  const penalised = {
    frequency_penalty: 0.5,
    presence_penalty: 0.5,
    logit_bias: { 3: -100 },
    top_logprobs: 3,
    logprobs: true,
  };
  const chat = await client.chat.completions.create({
    model: 'chat',
    messages: [{ role: 'user', content: 'Hi' }],
    max_tokens: 8,
    ...penalised,
  });
  assert.equal(chat.choices[0].logprobs.content[0].top_logprobs.length, 3);
});
