import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../fake-server.ts';
import { askedServer, clientPackage, person, personSchema, weatherSchema } from './asked-server.ts';

const { generateText, streamText, generateObject, jsonSchema, tool, stepCountIs } = await clientPackage('ai');
const { createOpenAI } = await clientPackage('@ai-sdk/openai');
const { createAnthropic } = await clientPackage('@ai-sdk/anthropic');
const { createOpenAICompatible } = await clientPackage('@ai-sdk/openai-compatible');
const { createOllama } = await clientPackage('ollama-ai-provider-v2');

/** The model of each provider, by a server's address. */
const providers: Readonly<Record<string, (url: string) => Json>> = {
  "@ai-sdk/openai's Responses": (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'x' })('chat'),
  "@ai-sdk/openai's chat": (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'x' }).chat('chat'),
  '@ai-sdk/anthropic': (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'x' })('chat'),
  '@ai-sdk/openai-compatible': (url) =>
    createOpenAICompatible({ name: 'unmask', baseURL: `${url}/v1`, supportsStructuredOutputs: true })('chat'),
  'ollama-ai-provider-v2': (url) => createOllama({ baseURL: `${url}/api` })('chat'),
};

test('ai: embeddings', async (t) => {
  const { embed } = await clientPackage('ai');
  const { url } = await askedServer(t);
  const model = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'x' }).embedding('story');
  assert.deepEqual((await embed({ model, value: 'b', maxRetries: 0 })).embedding, [0, 1]);
});

for (const [name, modelAt] of Object.entries(providers)) {
  test(`${name}: text, stream, tools, objects`, async (t) => {
    const { url } = await askedServer(t);
    const common = { model: modelAt(url), maxOutputTokens: 80, maxRetries: 0, temperature: 0 };
    assert.equal((await generateText({ ...common, prompt: 'Hi' })).text, 'Hello there.');
    const stream = streamText({ ...common, prompt: 'Hi' });
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    assert.deepEqual([text, await stream.finishReason], ['Hello there.', 'stop']);

    const cities: string[] = [];
    const weather = tool({
      description: 'The weather',
      inputSchema: jsonSchema(weatherSchema),
      execute: async ({ city }: { city: string }) => {
        cities.push(city);
        return 'rain';
      },
    });
    const asking = { ...common, prompt: 'How is the weather?', tools: { weather }, stopWhen: stepCountIs(3) };
    assert.equal((await generateText(asking)).text, 'It rains in Oslo.');
    const streamed = streamText(asking);
    await streamed.consumeStream();
    assert.deepEqual([await streamed.text, cities], ['It rains in Oslo.', ['Oslo', 'Oslo']]);

    const { object } = await generateObject({
      ...common,
      prompt: 'A person.',
      schema: jsonSchema(personSchema),
    });
    assert.deepEqual(object, person);
  });
}
