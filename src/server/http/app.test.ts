import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { modelThatKnows } from '../../../test/fake-model.ts';
import {
  asker,
  eventsIn,
  fakeStudio,
  type Json,
  startFakeServer,
  studioToken,
} from '../../../test/fake-server.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import type { Until } from '../../../test/until.ts';
import { limits as usualLimits } from './limits.ts';
import { routes } from './routes.ts';
import type { Route } from './route.ts';
import type { RunningServer } from './server.ts';

const story = 'Once upon a time there was a dog. It ran to the sea.';
const knowing = { story: () => modelThatKnows(story) };

/** A request that each route answers with 200. A route without one fails the tests. */
const bodies: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { messages: [{ role: 'user', content: 'Once' }], length: 8 },
  '/v1/embeddings': { input: ['Once', 'upon'] },
  '/api/embed': { model: 'story', input: 'Once' },
  '/api/embeddings': { model: 'story', prompt: 'Once' },
  '/embedding': { content: 'Once' },
  '/completion': { prompt: 'Once', n_predict: 4 },
  '/tokenize': { content: 'Once' },
  '/detokenize': { tokens: [80, 112] },
  '/apply-template': { messages: [{ role: 'user', content: 'Once' }] },
  '/v1/responses': { input: 'Once', length: 8 },
  '/v1/messages': { messages: [{ role: 'user', content: 'Once' }], max_tokens: 8 },
  '/v1/messages/count_tokens': { messages: [{ role: 'user', content: 'Once' }] },
  '/v1/completions': { prompt: 'Once', length: 8 },
  '/v1/fim/completions': { prompt: 'Once upon', suffix: 'time', max_tokens: 3 },
  '/v1/edit/completions': {
    messages: [
      {
        role: 'user',
        content:
          '<|current_file_content|>\ncurrent_file_path: a\nOnce<|code_to_edit|> upon<|cursor|> time<|/code_to_edit|>\n<|/current_file_content|>',
      },
    ],
    max_tokens: 2,
  },
  '/v1/apply/completions': {
    messages: [
      {
        role: 'user',
        content:
          '<|original_code|>\na\nb\n<|/original_code|>\n\n<|update_snippet|>\na\n// ... existing code ...\n<|/update_snippet|>',
      },
    ],
  },
  '/infill': { input_prefix: 'Once upon', input_suffix: 'time', n_predict: 3 },
  '/unmask/infill': { parts: ['Once upon', { length: 1 }, 'a', { minimum: 1, maximum: 3 }, ' time'] },
  '/unmask/edit': { text: 'Once upon a lime', spans: [[12, 13]] },
  '/unmask/doubts': { text: 'Once upon a lime' },
  '/api/show': { model: 'story' },
  '/api/generate': { model: 'story', prompt: 'Once', options: { num_predict: 8 }, stream: false },
  '/api/chat': {
    model: 'story',
    messages: [{ role: 'user', content: 'Once' }],
    options: { num_predict: 8 },
    stream: false,
  },
  '/api/pull': { model: 'story', stream: false },
  '/api/copy': { source: 'story', destination: 'other' },
  '/api/delete': { model: 'copied' },
  '/unmask/serve': { model: 'stories' },
  '/unmask/quantize': { model: 'story', weights: 'int8' },
  '/unmask/pull': { repository: 'org/name' },
  '/unmask/train': { text: 'Once upon a time.' },
  '/unmask/finetune': { text: '{"prompt": "Hello", "answer": "Hi"}', from: 'story' },
  '/unmask/distill': { text: 'Once upon a time.', from: 'story' },
  '/unmask/resume': { run: 'mine' },
  '/unmask/upload': { name: 'a.txt', text: 'Once upon a time.', from: 0 },
  '/unmask/notes': { run: 'mine', text: 'the best', tags: [] },
  '/unmask/judge': { prompt: 'Once', text: ' upon', model: 'story', options: { strategy: 'remdm-cap' } },
  '/unmask/claims': { budget: 'quick' },
  '/unmask/delete': { model: 'none' },
  '/unmask/stop': { task: '1' },
};

/** Small ones, so that it takes little to go beyond them. */
const limits = { ...usualLimits, bodyBytes: 2 ** 14, jsonNodes: 500, refusalMs: 0, drainMs: 1000 };

type Options = Parameters<typeof startFakeServer>[2];

/** A server with all that the routes tell of, a studio or not. */
async function start(t: Until, isStudio: boolean, options: Options): Promise<RunningServer> {
  if (!isStudio) return startFakeServer(t, knowing, options);
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'runs', 'mine'), { recursive: true });
  await writeFile(join(root, 'runs', 'mine', 'options.json'), '{"format":1,"data":["a.txt"]}');
  const server = await startFakeServer(t, knowing, { ...options, studio: fakeStudio(root) });
  server.service.studio!.tasks.start('pull', 'org/other', []);
  server.service.aliases.set('copied', 'story');
  return server;
}

const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends.toReversed()) await end();
});
const servers = new Map<string, Promise<RunningServer>>();

/** The server that a route is asked at; only those by which a studio changes something have one of their own. */
function startFor(t: TestContext, route: Route, options: Options = {}, isStudio = route.access === 'studio') {
  if (isStudio && route.method !== 'GET') return start(t, isStudio, options);
  const kind = JSON.stringify([isStudio, options]);
  const server = servers.get(kind) ?? start({ after: (end) => void ends.push(end) }, isStudio, options);
  servers.set(kind, server);
  return server;
}

/** The header that a route asks for, whatever keys are set. */
const tokenFor = (route: Route): Record<string, string> =>
  route.access === 'studio' ? { authorization: `Bearer ${studioToken}` } : {};

/** The address and body that a route answers. */
function requestTo(route: Route): { path: string; body?: object; method?: string } {
  const path = route.path
    .replace(/:model\{.+\}$/, 'story')
    .replace(/:file\{.+\}$/, 'none.js')
    .replace(/:run\{.+\}$/, 'mine');
  if (route.method === 'GET') return { path };
  assert.ok(bodies[route.path], `${route.path} has no request in this test`);
  return { path, body: bodies[route.path], method: route.method };
}

/** What is deleted could be asked for once only. */
const isThere = ({ path }: Route): number =>
  /^\/(?:assets|browser)\//.test(path) || path === '/unmask/delete' ? 404 : 200;

/** What a page elsewhere could make a browser send, or a proxy, and how it is answered. */
function attacks(port: number): [what: string, headers: Record<string, string>][] {
  const hosts = [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1.nip.io:${port}`,
    `0.0.0.0:${port}`,
    `127.0.0.2:${port}`,
    `[::]:${port}`,
    `localhost:${port + 1}`,
    'localhost',
    `localhost:${port}@evil.example`,
    `localhost:${port}/x`,
    `LOCALHOST.:${port}`,
    ` localhost:${port},evil.example`,
    '',
  ];
  const origins = [
    'null',
    'http://evil.example',
    `http://localhost:${port + 1}`,
    'http://localhost',
    `https://localhost.evil.example:${port}`,
    'file://',
    'chrome-extension://abc',
    '',
  ];
  return [
    ...hosts.map((host): [string, Record<string, string>] => [`Host ${host}`, { host }]),
    ...origins.map((origin): [string, Record<string, string>] => [`Origin ${origin}`, { origin }]),
    ['cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['same-site', { 'sec-fetch-site': 'same-site' }],
    ['both', { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }],
    ['forwarded', { host: 'evil.example', 'x-forwarded-host': `localhost:${port}` }],
  ];
}

for (const route of routes) {
  test(`${route.method} ${route.path}: answers its own page and programs, and nobody else's page`, async (t) => {
    const server = await startFor(t, route);
    const ask = asker(server);
    const { path, ...request } = requestTo(route);
    const token = tokenFor(route);
    const port = Number(new URL(server.url).port);
    const own: Record<string, string>[] = [
      {},
      { host: `localhost:${port}` },
      { host: `[::1]:${port}` },
      { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of own) {
      if (route.path === '/api/delete') server.service.aliases.set('copied', 'story');
      const response = await ask(path, { ...request, headers: { ...token, ...headers } });
      assert.equal(
        response.status,
        isThere(route),
        `${path} ${JSON.stringify(headers)} ${await response.text()}`,
      );
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(response.headers.get('access-control-allow-origin'), null);
    }
    for (const [what, headers] of attacks(port)) {
      const response = await ask(path, { ...request, headers: { ...token, ...headers } });
      const isLink = route.method === 'GET' && route.isPage && /^(cross|same)-site$/.test(what);
      assert.equal(response.status, isLink ? isThere(route) : 403, `${path} ${what}`);
    }
    const preflight = await ask(path, { method: 'OPTIONS', headers: { origin: 'http://evil.example' } });
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [403, null]);
  });

  test(`${route.method} ${route.path}: needs the key where one is set, unless it tells nothing`, async (t) => {
    const isStudios = route.access === 'studio';
    const key = isStudios ? studioToken : 'a-key-of-some-length';
    const ask = asker(await startFor(t, route, { keys: ['another', isStudios ? 'a-third' : key] }));
    const { path, ...request } = requestTo(route);
    const wrong = [
      '',
      'Bearer',
      `Bearer ${key}x`,
      `Bearer ${key.slice(1)}`,
      `Basic ${key}`,
      key,
      `Bearer x ${key}`,
      ...(isStudios ? ['Bearer another'] : []),
    ];
    for (const authorization of wrong) {
      const response = await ask(path, { ...request, headers: authorization ? { authorization } : {} });
      assert.equal(
        response.status,
        route.access === 'anyone' ? isThere(route) : 401,
        `${path} ${authorization}`,
      );
      if (response.status === 401) assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    }
    const right = await ask(path, { ...request, headers: { authorization: `bearer ${key}` } });
    assert.equal(right.status, isThere(route));
    // other ways to spell the path are other paths, and as closed
    for (const spelled of [
      `/${path}`,
      `${path}/`,
      path.toUpperCase(),
      path.replace('/', '/%2e/'),
      `/x/..${path}`,
    ]) {
      if (spelled === path || path === '/') continue;
      const { status } = await ask(spelled, request);
      assert.ok([401, 404].includes(status) || route.access === 'anyone', `${spelled} ${status}`);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE2'].filter(
      (other) => other !== route.method,
    ))
      assert.ok([401, 404, 405].includes((await ask(path, { method })).status), method);
  });

  if (route.access === 'studio') {
    test(`${route.method} ${route.path}: is not there without a studio, and needs the token with one`, async (t) => {
      const { path, ...request } = requestTo(route);
      const without = asker(await startFor(t, route, {}, false));
      for (const headers of [{}, tokenFor(route)]) {
        const response = await without(path, { ...request, headers });
        assert.equal(response.status, 404);
        assert.match(await response.text(), /unmask studio/);
      }
      const ask = asker(await startFor(t, route));
      const wrong = [undefined, 'Bearer', 'Bearer another', `Bearer ${studioToken}x`, `Basic ${studioToken}`];
      for (const authorization of wrong) {
        const response = await ask(path, { ...request, headers: authorization ? { authorization } : {} });
        assert.equal(response.status, 401, authorization);
      }
      const right = await ask(path, { ...request, headers: tokenFor(route) });
      assert.equal(right.status, isThere(route), await right.text());
    });
  }

  if (route.method !== 'POST') continue;
  test(`POST ${route.path}: takes JSON alone, of a bounded size and depth, and says which field is not known`, async (t) => {
    const server = await startFor(t, route, { limits });
    const asking = asker(server);
    const ask: typeof asking = (path, { headers, ...request } = {}) =>
      asking(path, { ...request, headers: { ...tokenFor(route), ...headers } });
    const { path, body } = requestTo(route);
    // whatever is no name of the hub's is no model to be pulled, and a text that is judged may be of no model that is here
    const namesModel = 'model' in route.body.shape && !['/api/pull', '/unmask/judge'].includes(route.path);
    const form = 'application/x-www-form-urlencoded';
    const deep = `${'['.repeat(limits.jsonDepth)}${']'.repeat(limits.jsonDepth)}`;
    const refused: [number, string, Record<string, string>?][] = [
      [415, JSON.stringify(body), { 'content-type': 'text/plain' }],
      [415, JSON.stringify(body), { 'content-type': form, 'sec-fetch-site': 'same-origin' }],
      [415, JSON.stringify(body), { 'content-type': form, origin: server.url }],
      [415, JSON.stringify(body), { 'content-type': 'application/jsonx' }],
      [415, JSON.stringify(body), { 'content-encoding': 'gzip' }],
      [413, JSON.stringify({ ...body, prompt: 'x'.repeat(limits.bodyBytes) })],
      [413, '{}', { 'content-length': String(limits.bodyBytes + 1) }],
      [400, `{"x":${deep}}`],
      [400, `{"x":[${'1,'.repeat(limits.jsonNodes)}1]}`],
      [400, '{"x":1'],
      [400, ''],
      [400, '[]'],
      [400, '"x"'],
      [400, 'null'],
      [400, `{"__proto__":{"stream":true}}`],
      ...(namesModel ? [7, '../story', 'story\0'] : []).map((model): [number, string] => [
        model === 7 ? 400 : 404,
        JSON.stringify({ ...body, model }),
      ]),
    ];
    for (const [status, text, headers] of refused) {
      const response = await ask(path, { body: text, headers });
      assert.equal(response.status, status, `${text.slice(0, 60)} ${JSON.stringify(headers)}`);
      const { error } = (await response.json()) as { error: { message: string } | string };
      assert.ok(typeof error === 'string' ? error : error.message);
    }
    const unknown = await ask(path, { body: { ...body, 'x\u2026': { y: 1 } } });
    const name = unknown.headers.get('x-unmask-ignored');
    assert.deepEqual([unknown.status, name], route.isStrict ? [400, null] : [200, 'x?'], path);
    // as `curl -d` sends it
    const { status } = await ask(path, { body, headers: { 'content-type': form } });
    assert.equal(status, isThere(route), `${path} as a form of no browser`);
  });
}

test('the token of the studio is as good as any key, and without keys it is asked for by its own routes alone', async (t) => {
  const root = await temporaryFolder(t);
  const authorization = `Bearer ${studioToken}`;
  const body = { prompt: 'Once', length: 8 };
  const keyed = asker(await startFakeServer(t, knowing, { keys: ['another'], studio: fakeStudio(root) }));
  assert.equal((await keyed('/v1/completions', { body })).status, 401);
  assert.equal((await keyed('/v1/completions', { body, headers: { authorization } })).status, 200);
  const open = asker(await startFakeServer(t, knowing, { studio: fakeStudio(root) }));
  assert.equal((await open('/v1/completions', { body })).status, 200);
  assert.equal((await open('/unmask/runs')).status, 401);
});

test('other origins and hosts can be allowed by name, and no more', async (t) => {
  const ask = asker(
    await startFakeServer(t, knowing, {
      // as a person may write them; browsers send both in lower case
      allowedOrigins: ['https://Page.Example/'],
      allowedHosts: ['Proxy.Example'],
    }),
  );
  const headers = { origin: 'https://page.example' };
  const preflight = await ask('/v1/completions', { method: 'OPTIONS', headers });
  assert.deepEqual(
    [preflight.status, preflight.headers.get('access-control-allow-origin')],
    [204, 'https://page.example'],
  );
  const asked = await ask('/v1/models', { headers });
  assert.deepEqual(
    [asked.status, asked.headers.get('access-control-allow-origin')],
    [200, 'https://page.example'],
  );
  assert.equal(asked.headers.get('access-control-allow-credentials'), null);
  assert.equal((await ask('/v1/models', { headers: { host: 'proxy.example' } })).status, 200);
  assert.equal((await ask('/v1/models', { headers: { host: 'x.proxy.example' } })).status, 403);
});

test('the description names every route, and the fields of every body', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const { paths } = (await (await ask('/openapi.json')).json()) as { paths: Record<string, Json> };
  assert.equal(Object.values(paths).flatMap((path) => Object.keys(path)).length, routes.length);
  const { properties } = paths['/v1/completions'].post.requestBody.content['application/json'].schema;
  for (const name of ['prompt', 'strategy', 'tau', 'max_tokens', 'diffusion'])
    assert.ok(properties[name], name);
});

test('a text is written: whole, as a stream, and as snapshots', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = { prompt: 'Once upon', length: 16, seed: 5 };
  const whole = (await (await ask('/v1/completions', { body })).json()) as Json;
  assert.equal(whole.choices[0].text, story.slice(9, 25));
  assert.equal(whole.choices[0].finish_reason, 'length');
  assert.deepEqual(whole.usage, {
    prompt_tokens: 9,
    completion_tokens: 16,
    total_tokens: 25,
    forwards: 16,
    steps: 16,
    tokens_per_forward: 1,
  });
  assert.equal(whole.seed, 5);

  const response = await ask('/v1/completions', {
    body: { ...body, stream: true, stream_options: { include_usage: true } },
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const events = eventsIn(await response.text());
  assert.equal(events.at(-1), '[DONE]');
  assert.deepEqual(events.at(-2).usage, whole.usage);
  assert.equal(events.at(-3).choices[0].finish_reason, 'length');
  const text = events.slice(0, -2).map(({ choices }) => choices[0].text);
  assert.equal(text.join(''), whole.choices[0].text);

  const snapshots = eventsIn(
    await (await ask('/v1/completions', { body: { ...body, stream: true, diffusing: true } })).text(),
  );
  assert.equal(snapshots[0].choices[0].text, '▒'.repeat(16));
  assert.equal(snapshots.at(-2).choices[0].text, whole.choices[0].text);
});

test('several texts have seeds in a row, and share one stream', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = { prompt: 'Once upon', length: 8, temperature: 2, n: 3, seed: 5 };
  const { choices, usage } = (await (await ask('/v1/completions', { body })).json()) as Json;
  assert.deepEqual([choices.length, usage.completion_tokens], [3, 24]);
  for (const index of [0, 1, 2]) {
    const alone = (await (
      await ask('/v1/completions', { body: { ...body, n: 1, seed: 5 + index } })
    ).json()) as Json;
    assert.equal(choices[index].text, alone.choices[0].text);
  }
  const events = eventsIn(await (await ask('/v1/completions', { body: { ...body, stream: true } })).text());
  for (const index of [0, 1, 2]) {
    const mine = events.flatMap((event) => event.choices ?? []).filter((choice) => choice.index === index);
    assert.equal(mine.map(({ text }) => text).join(''), choices[index].text);
    assert.equal(mine.at(-1).finish_reason, 'length');
  }
});

test('logprobs are those of the step that wrote each token', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = { messages: [{ role: 'user', content: 'Once upon' }], length: 4, logprobs: true };
  const { choices } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
  const { content } = choices[0].logprobs;
  assert.deepEqual(content.map(({ token }: { token: string }) => token).join(''), choices[0].message.content);
  // by hand: the model's logit at a position, against 257 others of 0 less the forbidden mask
  const logit = (row: number): number => 12 - (10 * row) / story.length;
  content.forEach(({ logprob, bytes }: { logprob: number; bytes: number[] }, i: number) => {
    const expected = logit(9 + i) - Math.log(Math.exp(logit(9 + i)) + 256);
    assert.ok(Math.abs(logprob - expected) < 1e-4, `${logprob} ${expected}`);
    assert.deepEqual(bytes, [...Buffer.from(story[9 + i])]);
  });
  const completion = (await (
    await ask('/v1/completions', { body: { prompt: 'Once upon', length: 4, logprobs: 0 } })
  ).json()) as Json;
  assert.deepEqual(completion.choices[0].logprobs.text_offset, [0, 1, 2, 3]);
  assert.equal(completion.choices[0].logprobs.token_logprobs.length, 4);

  const edit = { ...bodies['/v1/edit/completions'], logprobs: true };
  const edited = (await (await ask('/v1/edit/completions', { body: edit })).json()) as Json;
  assert.equal(edited.choices[0].logprobs.content.length, edited.usage.completion_tokens);
  assert.ok(edited.usage.completion_tokens > 0);
});

test('llama.cpp: the number of tokens is said once', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  for (const [n_predict, status] of [
    [3, 400],
    [-1, 200],
  ]) {
    const body = { ...bodies['/infill'], length: 4, n_predict };
    assert.equal((await ask('/infill', { body })).status, status, `${n_predict}`);
  }
});

test('a stop text ends an answer, and the network with it', async (t) => {
  let forwards = 0;
  const ask = asker(await startFakeServer(t, { story: () => modelThatKnows(story, () => forwards++) }));
  const body = { prompt: 'Once upon', length: 40, stop: ['there', 'dog'] };
  const { choices, usage } = (await (await ask('/v1/completions', { body })).json()) as Json;
  assert.deepEqual([choices[0].text, choices[0].finish_reason], [' a time ', 'stop']);
  assert.deepEqual([usage.completion_tokens, usage.forwards], [8, forwards]);
  assert.ok(forwards <= 14, `${forwards}`);
});

test('effort is tokens a step; what is asked twice or makes no sense is refused', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const messages = [{ role: 'user', content: 'Once upon' }];
  for (const [reasoning_effort, steps] of [
    ['instant', 2],
    ['low', 4],
    ['medium', 8],
    ['high', 16],
  ] as const) {
    const body = { messages, max_tokens: 16, reasoning_effort };
    const { usage } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
    assert.equal(usage.steps, steps, reasoning_effort);
  }
  const mistakes: [object, string][] = [
    [{ max_tokens: 4, length: 8 }, 'max_tokens'],
    [{ top_p: 0.5, topP: 0.6 }, 'top_p'],
    [{ steps: 4, reasoning_effort: 'low' }, 'reasoning_effort'],
    [{ diffusing: true }, 'diffusing'],
    [{ diffusion: true }, 'diffusion'],
    [{ steps: 100_000, length: 4 }, 'steps'],
    [{ stepsPerBlock: 1e9, length: 4 }, 'stepsPerBlock'],
    [{ strategy: 'editing', corrections: 1e9, length: 4 }, 'corrections'],
    [{ length: 100_000 }, 'length'],
    [{ n: limits.choices + 1 }, 'n'],
    [{ temperature: -1 }, 'temperature'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ seed: 2 ** 60 }, 'seed'],
    [{ tools: [{ type: 'function' }] }, 'tools'],
    [{ top_logprobs: 21 }, 'top_logprobs'],
    [{ stop: 'x'.repeat(100) }, 'stop'],
    [{ stop: Array(65).fill('x') }, 'stop'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }, 'messages'],
    [{ tau: 0.5 }, 'tau'],
    [{ strategy: 'best' }, 'strategy'],
    [{ response_format: { type: 'yaml' } }, 'response_format.type'],
  ];
  for (const [mistake, param] of mistakes) {
    const response = await ask('/v1/chat/completions', { body: { messages, ...mistake } });
    const { error } = (await response.json()) as Json;
    assert.deepEqual(
      [response.status, error.param, error.type],
      [400, param, 'invalid_request_error'],
      JSON.stringify(mistake),
    );
    assert.ok(error.message.startsWith(`${param}:`), error.message);
  }
});

test('what does not fit is refused by the name that OpenAI has for it', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const response = await ask('/v1/completions', { body: { prompt: 'x'.repeat(5000) } });
  const { error } = (await response.json()) as Json;
  assert.deepEqual([response.status, error.code], [400, 'context_length_exceeded']);
});

test('a special token that a prompt spells is text', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const prompt = '<|mask|><|end|>';
  const { usage } = (await (await ask('/v1/completions', { body: { prompt, length: 2 } })).json()) as Json;
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [prompt.length, 2]);
});

test('models are those of the table; the first where none is named; Ollama may say latest', async (t) => {
  const ask = asker(
    await startFakeServer(t, { story: knowing.story, other: () => modelThatKnows('abcdefgh') }),
  );
  const textOf = async (model?: string): Promise<string> => {
    const response = await ask('/v1/completions', { body: { model, prompt: 'ab', length: 2 } });
    return ((await response.json()) as Json).choices[0].text;
  };
  assert.deepEqual([await textOf(), await textOf('other'), await textOf('other:latest')], ['ce', 'cd', 'cd']);
  const { data } = (await (await ask('/v1/models')).json()) as Json;
  assert.deepEqual(
    data.map(({ id }: { id: string }) => id),
    ['story', 'other'],
  );
  assert.equal((await ask('/v1/models/none')).status, 404);
});

test('metrics count what was written', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  await ask('/v1/completions', { body: { prompt: 'Once', length: 8 } });
  await ask('/v1/completions', { body: { prompt: 'Once', length: -8 } });
  await ask('/v1/whatever');
  const text = await (await ask('/metrics')).text();
  for (const line of [
    'unmask:generation_tokens_total{model_name="story"} 8',
    'unmask:request_success_total{model_name="story",finished_reason="length"} 1',
    'unmask:http_requests_total{route="/v1/completions",status="200"} 1',
    'unmask:http_requests_total{route="/v1/completions",status="400"} 1',
    'unmask:http_requests_total{route="none",status="404"} 1',
    'unmask:num_requests_running 0',
  ])
    assert.ok(text.includes(`${line}\n`), line);
});

test('a request is found in the log, and by its client, under the name that it came with', async (t) => {
  const lines: string[] = [];
  const ask = asker(
    await startFakeServer(t, knowing, {
      log: (_, event, fields) => lines.push(JSON.stringify([event, fields])),
    }),
  );
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const headers = { 'x-request-id': 'of-the-balancer', traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const body = { prompt: 'Once upon', length: 8 };
  for (const stream of [false, true]) {
    const response = await ask('/v1/completions', { body: { ...body, stream }, headers });
    assert.equal(response.headers.get('x-request-id'), 'of-the-balancer');
    await response.text();
  }
  const mistake = await ask('/v1/nothing', { headers });
  assert.equal(mistake.headers.get('x-request-id'), 'of-the-balancer');
  assert.equal(lines.length, 5);
  for (const line of lines) assert.match(line, new RegExp(`"request":"of-the-balancer","trace":"${trace}"`));
  assert.match((await ask('/health')).headers.get('x-request-id')!, /^[0-9a-f]{24}$/);
});

test('no text of a prompt or an answer is written down', async (t) => {
  const lines: string[] = [];
  const ask = asker(
    await startFakeServer(t, knowing, { log: (...event) => lines.push(JSON.stringify(event)) }),
  );
  await ask('/v1/completions', { body: { prompt: 'Once upon', length: 8 } });
  await ask('/v1/completions', { body: { prompt: 'Once upon', length: 8, stream: true } }).then((r) =>
    r.text(),
  );
  await ask('/v1/completions', { body: { prompt: 'Once upon', bad: 'secret' } });
  assert.ok(lines.length >= 5);
  for (const secret of ['Once', 'secret', ' a time']) assert.ok(!lines.join('').includes(secret), secret);
});
