import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { modelThatKnows } from './fake-model.ts';
import { asker, startFakeServer, type Json } from './fake-server.ts';

const story = 'Once upon a time there was a dog. It ran to the sea.';
const answer = story.slice(9, 25);
/** What it knows by heart it finds likely, so that it knows how much is missing in a gap. */
const knowing = { story: () => modelThatKnows(story, () => {}, {}) };
const messages = [{ role: 'user' as const, content: 'Once upon' }];
const request = { model: 'story', messages, max_tokens: 16 };

test("OpenAI's own client: chat, stream, list, gap, errors", async (t) => {
  const { url } = await startFakeServer(t, knowing, { keys: ['secret'] });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'secret', maxRetries: 0 });

  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    ['story'],
  );

  const whole = await client.chat.completions.create({ ...request, tools: [] });
  assert.equal(whole.choices[0].message.content, answer);
  assert.equal(whole.usage?.completion_tokens, 16);

  let text = '';
  let finish: string | null = null;
  for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
    text += choices[0].delta.content ?? '';
    finish ??= choices[0].finish_reason;
  }
  assert.deepEqual([text, finish], [answer, 'length']);

  const gap = await client.completions.create({
    model: 'story',
    prompt: 'Once upon',
    suffix: 'time',
    max_tokens: 3,
  });
  assert.equal(gap.choices[0].text, ' a ');

  await assert.rejects(client.chat.completions.create({ ...request, temperature: -1 }), BadRequestError);
  await assert.rejects(client.chat.completions.create({ ...request, model: 'none' }), NotFoundError);
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'guess', maxRetries: 0 });
  await assert.rejects(stranger.models.list(), AuthenticationError);
});

test("OpenAI's own client sees the process in the field of our own, and the text is as without it", async (t) => {
  const { url } = await startFakeServer(t, knowing);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  let text = '';
  const canvas: string[] = [];
  let revisions = 0;
  const stream = await client.chat.completions.create({
    ...request,
    stream: true,
    diffusion: true,
  } as OpenAI.ChatCompletionCreateParamsStreaming);
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    const { diffusion } = chunk as unknown as { diffusion?: Json };
    if (!diffusion) continue;
    if (diffusion.reset) canvas.splice(0, Infinity, ...Array.from({ length: diffusion.length }, () => '▒'));
    for (const change of diffusion.changes) canvas[change.position] = change.text;
    revisions++;
  }
  assert.equal(text, answer);
  assert.equal(canvas.join(''), answer);
  assert.ok(revisions > 2);
});

test("OpenAI's own client takes back a request, and its place is free", async (t) => {
  let forwards = 0;
  const { url, service } = await startFakeServer(t, { story: () => modelThatKnows(story, () => forwards++) });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const stream = await client.chat.completions.create({ ...request, max_tokens: 2000, stream: true });
  for await (const _ of stream) break; // which aborts it
  while (service.queue.running > 0) await new Promise((resume) => setTimeout(resume, 1));
  const stopped = forwards;
  await new Promise((resume) => setTimeout(resume, 50));
  assert.equal(forwards, stopped);
  assert.ok(forwards < 2000);
  const whole = await client.chat.completions.create(request);
  assert.equal(whole.choices[0].message.content, answer);
});

test('the AI SDK: text, stream, abort', async (t) => {
  const { url, service } = await startFakeServer(t, knowing);
  const provider = createOpenAICompatible({ name: 'unmask', baseURL: `${url}/v1`, includeUsage: true });
  const asked = { model: provider('story'), prompt: 'Once upon', maxOutputTokens: 16, maxRetries: 0 };
  const whole = await generateText(asked);
  assert.deepEqual([whole.text, whole.finishReason, whole.usage.outputTokens], [answer, 'length', 16]);

  const stream = streamText({
    ...asked,
    includeRawChunks: true,
    providerOptions: { unmask: { diffusion: true } },
  });
  let text = '';
  let frames = 0;
  for await (const part of stream.fullStream) {
    if (part.type === 'text-delta') text += part.text;
    if (part.type === 'raw' && (part.rawValue as { diffusion?: object }).diffusion) frames++;
    assert.notEqual(part.type, 'error');
  }
  assert.deepEqual(
    [text, await stream.finishReason, (await stream.usage).outputTokens],
    [answer, 'length', 16],
  );
  assert.ok(frames > 2);

  const stop = new AbortController();
  const aborted = streamText({
    ...asked,
    maxOutputTokens: 2000,
    abortSignal: stop.signal,
    onError: () => {},
  });
  for await (const _ of aborted.textStream) {
    stop.abort();
    break;
  }
  while (service.queue.running > 0) await new Promise((resume) => setTimeout(resume, 1));
});

test('llama.vim: the fields that it names, and nothing for what only warms up', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const fields = [
    'content',
    'timings/prompt_n',
    'timings/prompt_ms',
    'timings/prompt_per_token_ms',
    'timings/prompt_per_second',
    'timings/predicted_n',
    'timings/predicted_ms',
    'timings/predicted_per_token_ms',
    'timings/predicted_per_second',
    'truncated',
    'tokens_cached',
  ];
  const body = {
    input_prefix: '',
    input_suffix: 'time there\n',
    input_extra: [],
    prompt: 'Once upon',
    n_predict: 3,
    n_indent: 0,
    top_k: 40,
    top_p: 0.99,
    stream: false,
    samplers: ['top_k', 'top_p', 'infill'],
    cache_prompt: true,
    t_max_prompt_ms: 500,
    t_max_predict_ms: 1000,
    response_fields: fields,
  };
  const filled = (await (await ask('/infill', { body })).json()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(filled).sort(), [...fields].sort());
  assert.deepEqual([filled.content, filled['timings/predicted_n'], filled.truncated], [' a ', 3, false]);

  const warming = {
    input_prefix: '',
    input_suffix: '',
    input_extra: [{ text: 'x\n', time: [1, 2], filename: 'a.c' }],
    prompt: '',
    n_predict: 0,
    temperature: 0,
    stream: false,
    samplers: [],
    cache_prompt: true,
    t_max_prompt_ms: 1,
    t_max_predict_ms: 1,
    response_fields: [''],
  };
  const warmed = await ask('/infill', { body: warming });
  assert.deepEqual([warmed.status, await warmed.json()], [200, {}]);
  const whole = (await (
    await ask('/infill', { body: { ...body, response_fields: undefined } })
  ).json()) as Json;
  assert.deepEqual([whole.content, whole.timings.predicted_n, whole.stop], [' a ', 3, true]);
});

test("llama.vscode's gaps, Continue's, SillyTavern's and Zed's, as they send them", async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const around = { input_prefix: '', input_suffix: 'time there\n', prompt: 'Once upon', input_extra: [] };
  const tuned = {
    id_slot: 0,
    samplers: ['top_k', 'top_p', 'infill'],
    cache_prompt: true,
    t_max_prompt_ms: 500,
  };
  const several = {
    ...around,
    ...tuned,
    n_predict: 3,
    n_cmpl: 3,
    top_k: 40,
    top_p: 0.99,
    stream: false,
    n_indent: 2,
  };
  const completions = (await (await ask('/infill', { body: several })).json()) as Json;
  assert.deepEqual(
    completions.map(({ content }: Json) => content),
    [' a ', ' a ', ' a '],
  );
  const stop = [
    '<|endoftext|>',
    '<|fim_prefix|>',
    '<|file_sep|>',
    '/src/',
    '#- coding',
    '```',
    '\n\n',
    '\n \n',
    'a',
    'b',
  ];
  const gap = { model: 'story', prompt: 'Once upon', suffix: 'time', max_tokens: 3 };
  for (const [path, body] of [
    [
      '/v1/completions',
      { ...gap, stop: stop.slice(0, 8), presence_penalty: 1.5, frequency_penalty: 0.2, temperature: 0.01 },
    ],
    ['/v1/fim/completions', { ...gap, presence_penalty: 1.5, temperature: 0, top_p: 1 }],
    ['/v1/completions', { ...gap, typical_p: 1, min_p: 0.05, top_a: 0, rep_pen: 1, repetition_penalty: 1.1 }],
    [
      '/api/generate',
      {
        ...gap,
        stream: false,
        options: { num_predict: 3, stop: [...stop.slice(0, 8), 'x', 'y', 'z', '1', '2', '3'] },
      },
    ],
  ] as const) {
    const whole = (await (await ask(path, { body })).json()) as Json;
    assert.equal(whole.choices?.[0].text ?? whole.response, ' a ', `${path} ${JSON.stringify(whole)}`);
  }
});

test('what an editor sends around the cursor may be longer than the model', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = {
    input_prefix: 'line\n'.repeat(2000),
    input_suffix: 'line\n'.repeat(500),
    prompt: 'x',
    n_predict: 4,
  };
  const response = await ask('/infill', { body });
  assert.equal(response.status, 200);
  assert.ok(((await response.json()) as Json).tokens_evaluated <= 4096);
});

test('Continue: Mercury and Mistral style gaps, Ollama', async (t) => {
  const { url } = await startFakeServer(t, knowing);
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        Authorization: 'Bearer undefined',
      },
      body: JSON.stringify(body),
    });
  const chunks = async (response: Response): Promise<Json[]> =>
    (await response.text())
      .split('\n\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)));

  // as Inception's provider reads it: choices[0].text
  const inception = await chunks(
    await post('/v1/completions', {
      model: 'story',
      prompt: 'Once upon',
      suffix: 'time',
      max_tokens: 3,
      stop: ['\n\n', '\n \n'],
      stream: true,
    }),
  );
  assert.equal(inception.map(({ choices }) => choices[0].text).join(''), ' a ');
  // as Mistral's and vLLM's providers read it: choices[0].delta.content
  const mistral = await chunks(
    await post('/v1/fim/completions', {
      model: 'story',
      prompt: 'Once upon',
      suffix: 'time',
      max_tokens: 3,
      stream: true,
    }),
  );
  assert.equal(mistral.map(({ choices }) => choices[0].delta.content).join(''), ' a ');
  // nothing behind the cursor
  const blank = await chunks(
    await post('/v1/completions', {
      model: 'story',
      prompt: 'Once upon',
      suffix: '<|endoftext|>',
      max_tokens: 3,
      stream: true,
    }),
  );
  assert.equal(blank.map(({ choices }) => choices[0].text).join(''), ' a ');

  const show = (await (await post('/api/show', { name: 'story' })).json()) as Json;
  assert.ok(show.template.includes('.Suffix'), 'it finds that gaps can be filled');
  for (const line of show.parameters.split('\n')) assert.match(line, /^(\S+)\s+((?:".*")|\S+)$/);
  const generated = await post('/api/generate', {
    model: 'story',
    prompt: 'Once upon',
    suffix: 'time',
    raw: true,
    options: { temperature: 0.01, num_predict: 3, stop: ['\n\n'], num_ctx: 4096 },
    keep_alive: 1800,
    stream: true,
  });
  const lines = (await generated.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.map(({ response }) => response).join(''), ' a ');
  assert.deepEqual([lines.at(-1).done, lines.at(-1).done_reason], [true, 'stop']);
});

test('Zed: sentinels in the prompt, next edits as Mercury answers them, Ollama', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const completion = await ask('/v1/completions', {
    body: {
      model: 'story',
      prompt: '<|fim_prefix|>Once upon<|fim_suffix|>time<|fim_middle|>',
      max_tokens: 3,
      temperature: 0.2,
      stop: ['<|endoftext|>', '<|file_sep|>'],
      stream: false,
    },
  });
  assert.equal(((await completion.json()) as Json).choices[0].text, ' a ');

  const message =
    '<|recently_viewed_code_snippets|>\n<|/recently_viewed_code_snippets|>\n\n<|current_file_content|>\n' +
    'current_file_path: story.txt\nOnce<|code_to_edit|> upon<|cursor|>time<|/code_to_edit|> there' +
    '\n<|/current_file_content|>\n\n<|edit_diff_history|>\n<|/edit_diff_history|>\n';
  const edit = await ask('/v1/edit/completions', {
    body: { model: 'story', messages: [{ role: 'user', content: message }], max_tokens: 3, stream: false },
  });
  assert.equal(((await edit.json()) as Json).choices[0].message.content, '```\n upon a time\n```');

  const raw = await ask('/api/generate', {
    body: {
      model: 'story:latest',
      prompt: '<|fim_prefix|>Once upon<|fim_suffix|>time<|fim_middle|>',
      raw: true,
      stream: false,
      options: { num_predict: 3, temperature: 0.2, stop: ['<|endoftext|>'] },
    },
  });
  assert.equal(((await raw.json()) as Json).response, ' a ');
});

test('Ollama: discovery and chat', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const json = async (path: string, body?: object): Promise<Json> => (await ask(path, { body })).json();
  assert.equal((await json('/api/version')).version, '0.0.0');
  assert.equal((await json('/api/tags')).models[0].name, 'story');
  assert.equal((await json('/api/ps')).models[0].name, 'story');
  const loaded = await json('/api/generate', { model: 'story' });
  assert.deepEqual([loaded.done, loaded.done_reason], [true, 'load']);
  const response = await ask('/api/chat', {
    body: { model: 'story', messages, options: { num_predict: 16 } },
  });
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  const lines = (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.map(({ message }) => message.content).join(''), answer);
  assert.ok(lines.slice(0, -1).every(({ done }) => done === false) && lines.at(-1).eval_count === 16);
  assert.deepEqual(await json('/api/show', { model: 'none' }), {
    error: 'there is no model of this name; there are story',
  });
});

test('an update is laid over code', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const content =
    '<|original_code|>\na = 1\nb = 2\nc = 3\n<|/original_code|>\n\n<|update_snippet|>\n# ... existing code ...\nb = 2\nb2 = 2\nc = 3\n# ... existing code ...\n<|/update_snippet|>';
  const body = { model: 'story', messages: [{ role: 'user', content }] };
  const whole = (await (await ask('/v1/apply/completions', { body })).json()) as Json;
  assert.equal(whole.choices[0].message.content, 'a = 1\nb = 2\nb2 = 2\nc = 3');
  const stream = await (await ask('/v1/apply/completions', { body: { ...body, stream: true } })).text();
  assert.ok(stream.includes('b2 = 2') && stream.endsWith('data: [DONE]\n\n'));
  const habits = { temperature: 0, top_p: 1, max_tokens: 100, seed: 1, stop: 'x', n: 1, logprobs: false };
  assert.equal((await ask('/v1/apply/completions', { body: { ...body, ...habits } })).status, 200);
  for (const [option, value] of Object.entries({ n: 2, logprobs: true, steps: 4, cache: 'dual' })) {
    const refused = await ask('/v1/apply/completions', { body: { ...body, [option]: value } });
    const { error } = (await refused.json()) as Json;
    assert.deepEqual([refused.status, error.param], [400, option]);
  }
});
