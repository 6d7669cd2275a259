import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { shippedModels } from '../src/model-files/locate.ts';
import { type RunningServer, startServer } from '../src/server/http/server.ts';
import { limits } from '../src/server/http/limits.ts';
import { eventsIn, type Json } from './fake-server.ts';

/** A server of the stories that ship, with its models on a thread of their own. */
async function startStories(t: TestContext): Promise<RunningServer> {
  const server = await startServer({
    models: new Map([['stories', shippedModels.stories]]),
    host: '127.0.0.1',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency: 8,
    waiting: 256,
    idleMs: 600_000,
    // on a machine that has other work a text may take long
    limits: { ...limits, queueMs: 600_000, generationMs: 600_000, requestMs: 600_000 },
    log: () => {},
    version: '0',
    now: () => new Date(),
    clock: () => performance.now(),
  });
  t.after(() => server.close());
  return server;
}

const post = (server: RunningServer, path: string, body: object): Promise<Response> =>
  fetch(server.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** The longest that a stream says nothing, once it has begun. */
async function longestGap(response: Response): Promise<number> {
  let [last, longest] = [NaN, 0];
  for await (const _ of response.body!) {
    const now = performance.now();
    longest = Math.max(longest, now - (Number.isNaN(last) ? now : last));
    last = now;
  }
  return longest;
}

const streaming = {
  prompt: 'Once upon a time',
  length: 64,
  steps: 64,
  stream: true,
  diffusion: true,
  seed: 1,
};

test('a stream beside four prompts of 1 MB has no gap over 0.5 s, whichever way they come', async (t) => {
  const server = await startStories(t);
  await (await post(server, '/v1/completions', { ...streaming, length: 8, steps: 8 })).text();
  const alone = await longestGap(await post(server, '/v1/completions', streaming));
  const words = 'the old dog ran to the sea and '.repeat(33_000);
  const one = 'a'.repeat(1_000_000);
  const attacks: [path: string, body: object][] = [
    ['/v1/completions', { prompt: words }],
    ['/v1/completions', { prompt: one }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: words }] }],
    ['/v1/completions', { prompt: 'a', regex: `(${'ab|'.repeat(300)}c){1,200}` }],
  ];
  for (const [path, body] of attacks) {
    const stream = await post(server, '/v1/completions', streaming);
    const asked = Array.from({ length: 4 }, async () => (await post(server, path, body)).text());
    const gap = await longestGap(stream);
    await Promise.all(asked);
    t.diagnostic(
      `${path} ${JSON.stringify(body).slice(0, 40)}: ${Math.round(gap)} ms, ${Math.round(alone)} ms alone`,
    );
    assert.ok(gap < 500 + alone, `${path}: a gap of ${Math.round(gap)} ms, of ${Math.round(alone)} ms alone`);
  }
});

test('a recording holds every step, whatever the load: 48 steps are 49 frames with the first, 50 times', async (t) => {
  const server = await startStories(t);
  const body = { ...streaming, length: 48, steps: 48, blockLength: 48, revise: 0 };
  const record = async (seed: number): Promise<void> => {
    const response = await post(server, '/v1/completions', { ...body, seed });
    const frames = eventsIn(await response.text()).flatMap((event: Json) => event.diffusion ?? []);
    assert.deepEqual(
      frames.map(({ step }: Json) => step),
      Array.from({ length: 49 }, (_, i) => i),
      `seed ${seed}`,
    );
    assert.deepEqual(
      frames.map(({ revision }: Json) => revision),
      Array.from({ length: 49 }, (_, i) => i),
    );
  };
  await Promise.all(Array.from({ length: 50 }, (_, seed) => record(seed)));
});
