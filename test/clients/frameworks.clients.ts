import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextEditClients } from '../next-edits.ts';
import { askedServer, clientPackage, person, personSchema, story, weatherSchema } from './asked-server.ts';

const tool = {
  type: 'function',
  function: { name: 'weather', description: 'The weather', parameters: weatherSchema },
};

test('@langchain/openai and @langchain/ollama: invoke, stream, batch, tools, structured', async (t) => {
  const { url } = await askedServer(t);
  const { ChatOpenAI } = await clientPackage('@langchain/openai');
  const { ChatOllama } = await clientPackage('@langchain/ollama');
  for (const model of [
    new ChatOpenAI({
      model: 'chat',
      apiKey: 'x',
      maxTokens: 80,
      maxRetries: 0,
      configuration: { baseURL: `${url}/v1` },
    }),
    new ChatOllama({ model: 'chat', baseUrl: url, numPredict: 80, maxRetries: 0 }),
  ]) {
    assert.equal((await model.invoke('Hi')).content, 'Hello there.');
    let text = '';
    for await (const chunk of await model.stream('Hi')) text += chunk.content;
    assert.equal(text, 'Hello there.');
    const both = await model.batch(['Hi', 'Hi']);
    assert.equal(both[1].content, 'Hello there.');
    const called = await model.bindTools([tool]).invoke('How is the weather?');
    assert.deepEqual([called.tool_calls[0].name, called.tool_calls[0].args], ['weather', { city: 'Oslo' }]);
    const structured = model.withStructuredOutput(
      { title: 'person', ...personSchema },
      { method: 'jsonSchema' },
    );
    assert.deepEqual(await structured.invoke('A person.'), person);
  }
});

test('@langchain: embeddings', async (t) => {
  const { url } = await askedServer(t);
  const { OpenAIEmbeddings } = await clientPackage('@langchain/openai');
  const { OllamaEmbeddings } = await clientPackage('@langchain/ollama');
  for (const model of [
    new OpenAIEmbeddings({
      model: 'story',
      apiKey: 'x',
      maxRetries: 0,
      configuration: { baseURL: `${url}/v1` },
    }),
    new OllamaEmbeddings({ model: 'story', baseUrl: url, maxRetries: 0 }),
  ]) {
    const [first, second] = await model.embedDocuments(['b', 'ab']);
    assert.deepEqual([first, second.length], [[0, 1], 2]);
  }
});

test('llamaindex: chat, stream', async (t) => {
  const { url } = await askedServer(t);
  const { OpenAI } = await clientPackage('@llamaindex/openai');
  const { Ollama } = await clientPackage('@llamaindex/ollama');
  const messages = [{ role: 'user', content: 'Hi' }];
  const openai = { model: 'chat', apiKey: 'x', baseURL: `${url}/v1`, maxTokens: 80, temperature: 0 };
  for (const llm of [
    new OpenAI({ ...openai, maxRetries: 0 }),
    new Ollama({ model: 'chat', config: { host: url }, options: { num_predict: 80 } }),
  ]) {
    assert.equal((await llm.chat({ messages })).message.content, 'Hello there.');
    let text = '';
    for await (const { delta } of await llm.chat({ messages, stream: true })) text += delta;
    assert.equal(text, 'Hello there.');
  }
});

test('@continuedev/openai-adapters: chat, gaps and next edits, at the root and under /v1', async (t) => {
  const { url } = await askedServer(t);
  const { constructLlmApi } = await clientPackage('@continuedev/openai-adapters');
  for (const [provider, apiBase] of [
    ['openai', `${url}/v1/`],
    ['llama.cpp', `${url}/`],
    ['deepseek', `${url}/`],
    ['inception', `${url}/v1/`],
    ['ollama', url],
  ]) {
    const { signal } = new AbortController();
    const api = constructLlmApi({ provider, apiKey: 'x', apiBase, model: 'chat' });
    const body = { model: 'chat', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 80 };
    const whole = await api.chatCompletionNonStream({ ...body, stream: false }, signal);
    assert.equal(whole.choices[0].message.content, 'Hello there.', provider);
    let text = '';
    for await (const chunk of api.chatCompletionStream({ ...body, stream: true }, signal))
      text += chunk.choices[0]?.delta?.content ?? '';
    assert.equal(text, 'Hello there.', provider);
  }
  const inception = constructLlmApi({
    provider: 'inception',
    apiKey: 'x',
    apiBase: `${url}/v1/`,
    model: 'story',
  });
  let filled = '';
  const gap = { model: 'story', prompt: 'Once upon', suffix: 'time there', max_tokens: 3, stream: true };
  for await (const chunk of inception.fimStream(gap, new AbortController().signal))
    filled += chunk.choices[0].delta.content ?? '';
  assert.equal(filled, story.slice(9, 12));

  const file = { path: 'a.txt', lines: [story.slice(0, 9) + story.slice(12)], row: 0, column: 9 };
  const { message, read } = nextEditClients['Continue'];
  const asked = message({ ...file, from: 0, to: 1, history: '' }) + '<|!@#IS_NEXT_EDIT!@#|>';
  const edit = { model: 'story', messages: [{ role: 'user', content: asked }], max_tokens: 3 };
  const { signal } = new AbortController();
  const whole = await inception.chatCompletionNonStream({ ...edit, stream: false }, signal);
  assert.equal(read(whole.choices[0].message.content), story);
  let streamed = '';
  for await (const chunk of inception.chatCompletionStream({ ...edit, stream: true }, signal))
    streamed += chunk.choices[0]?.delta?.content ?? '';
  assert.equal(read(streamed), story);
});
