import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { asker, eventsIn, type Json, startFakeServer } from '../../../test/fake-server.ts';
import { aliasesOf } from '../http/catalog.ts';

const knowing = { story: () => modelThatKnows('Once upon a time there was a dog.', () => {}, {}) };
const messages = [{ role: 'user', content: 'Once upon' }];

/** What clients of other engines send beside what is asked for, and what of it has no effect here. */
const habits: readonly [client: string, path: string, body: object, ignored: readonly string[]][] = [
  [
    "llama.vscode's chat",
    '/v1/chat/completions',
    {
      messages,
      stream: false,
      cache_prompt: true,
      temperature: 0.8,
      top_p: 0.95,
      lora: [{ id: 0, scale: 0.5 }],
    },
    ['cache_prompt', 'lora'],
  ],
  [
    "llama.vim's instructions",
    '/v1/chat/completions',
    { id_slot: 0, messages, samplers: ['min_p', 'temperature'], cache_prompt: true, stream: false },
    ['id_slot', 'samplers', 'cache_prompt'],
  ],
  [
    'a history as the Python client dumps it',
    '/v1/chat/completions',
    {
      messages: [
        ...messages,
        {
          role: 'assistant',
          content: 'Hi',
          refusal: null,
          annotations: [],
          audio: null,
          function_call: null,
          tool_calls: null,
        },
        { role: 'user', content: [{ type: 'text', text: ' a' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { role: 'user', content: 'Why?' },
      ],
      max_tokens: 5,
      max_completion_tokens: 5,
    },
    [],
  ],
  [
    "Mercury's clients",
    '/v1/fim/completions',
    { prompt: 'Once upon', suffix: 'time', temperature: 0, top_p: 1, stream: false, realtime: true },
    ['realtime'],
  ],
  [
    "Continue's stops",
    '/v1/completions',
    {
      prompt: 'Once upon',
      stop: Array.from({ length: 10 }, (_, i) => `\n${i}`),
      seed: -1,
      top_k: 0,
      top_p: 0,
    },
    [],
  ],
  [
    'SillyTavern, in Ollama',
    '/api/generate',
    {
      model: 'story',
      prompt: 'Once',
      stream: false,
      keep_alive: -1,
      options: { num_ctx: 4096, tfs_z: 1, stop: [''] },
    },
    ['options.num_ctx', 'options.tfs_z'],
  ],
  [
    'what a constraint has no use for',
    '/v1/chat/completions',
    {
      messages,
      max_tokens: 32,
      top_p: 0.9,
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'boolean' } } },
    },
    ['top_p'],
  ],
  ['what nobody has heard of', '/v1/completions', { prompt: 'Once', temprature: 7 }, ['temprature']],
];

test('what clients send by habit is answered, and what of it has no effect is told', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  for (const [client, path, body, ignored] of habits) {
    const short = { max_tokens: 4, ...body };
    const response = await ask(path, { body: path.startsWith('/api/') ? body : short });
    const whole = (await response.json()) as Json;
    assert.equal(response.status, 200, `${client}: ${JSON.stringify(whole)}`);
    assert.deepEqual(whole.unmask?.ignored ?? [], ignored, client);
    assert.equal(response.headers.get('x-unmask-ignored') ?? '', ignored.join(', '), client);
  }
});

test('penalties and biases change what is written, under whatever name', async (t) => {
  const ask = asker(await startFakeServer(t, { story: () => modelThatKnows('aaaaaaaaaa', () => {}, {}) }));
  const textOf = async (more: object): Promise<string> => {
    const body = { prompt: 'aa', max_tokens: 4, steps: 4, strategy: 'left-to-right', ...more };
    const response = await ask('/v1/completions', { body });
    const whole = (await response.json()) as Json;
    assert.deepEqual([response.status, whole.unmask], [200, undefined], JSON.stringify(whole));
    return whole.choices[0].text;
  };
  const a = 2 + 'a'.charCodeAt(0);
  assert.equal(await textOf({}), 'aaaa');
  assert.match(await textOf({ presence_penalty: 10 }), /^a([^a]|$)/);
  assert.match(await textOf({ frequency_penalty: 3 }), /^aaa([^a]|$)/);
  for (const name of ['repetition_penalty', 'repeat_penalty'])
    assert.equal(await textOf({ [name]: 2 }), 'aaaa');
  for (const logit_bias of [{ [a]: -100 }, [[a, false]]])
    assert.match(await textOf({ logit_bias }), /^[^a]*$/);
  assert.equal(await textOf({ min_p: 0.5, typical_p: 1 }), 'aaaa');
});

test('a stream says at its beginning what had no effect', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = { messages, max_tokens: 4, stream: true, user: 'me' };
  const [first, ...rest] = eventsIn(await (await ask('/v1/chat/completions', { body })).text());
  assert.deepEqual(first.unmask, { ignored: ['user'] });
  assert.ok(rest.every((event) => event.unmask === undefined));
});

test('other paths lead to the same, and so do other names of a model', async (t) => {
  const aliases = aliasesOf(['mercury-edit-2=story'], new Map([['story', '']]));
  const ask = asker(await startFakeServer(t, knowing, { aliases }));
  for (const path of ['/completions', '/v1/completions']) {
    const body = { model: 'mercury-edit-2', prompt: 'Once upon', max_tokens: 4 };
    const whole = (await (await ask(path, { body })).json()) as Json;
    assert.deepEqual([whole.model, whole.choices[0].text], ['story', ' a t']);
  }
  assert.equal((await ask('/chat/completions', { method: 'PUT' })).status, 405);
  for (const path of ['/models', '/v1/health']) assert.equal((await ask(path)).status, 200, path);
  assert.throws(() => aliasesOf(['a=none'], new Map([['story', '']])), /alias.*NAME=MODEL/);
  assert.throws(() => aliasesOf(['story=story'], new Map([['story', '']])), /alias/);
});

test("a key may come in Anthropic's header", async (t) => {
  const ask = asker(await startFakeServer(t, knowing, { keys: ['secret'] }));
  assert.equal((await ask('/v1/models', { headers: { 'x-api-key': 'secret' } })).status, 200);
  assert.equal((await ask('/v1/models', { headers: { 'x-api-key': 'guess' } })).status, 401);
});
