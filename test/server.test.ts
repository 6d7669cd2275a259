import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { truncate } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Engine,
  type EnginePort,
  PortEngine,
  type JobEvent,
  type RunningJob,
} from '../src/server/worker/engine.ts';
import { limits } from '../src/server/http/limits.ts';
import type { FromWorker, ToWorker } from '../src/server/worker/protocol.ts';
import { startServer } from '../src/server/http/server.ts';
import { load } from '../src/language-model/load.ts';
import { deafRequest } from './deaf-request.ts';
import { modelThatKnows } from './fake-model.ts';
import { asker, engineHere, eventsIn, startFakeServer, type Json } from './fake-server.ts';
import { runCommand } from './run-command.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const post = (url: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

test('a thread writes what generate writes with the same seed, alone and under load', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const requests = Array.from({ length: 8 }, (_, i) => ({
    prompt: 'A dog ran'.slice(0, 3 + i),
    length: 12 + i,
    temperature: i % 2,
    strategy: (['low-confidence', 'random', 'threshold', 'ancestral'] as const)[i % 4],
    ...(i === 3 && { guidance: 1 }),
    seed: 100 + i,
  }));
  const model = await load(path);
  const expected: string[] = [];
  for (const request of requests) {
    const { text } = await model.generate(request);
    expected.push(text.slice(request.prompt.length));
  }
  await model.close();

  const server = await startServer({
    models: new Map([['tiny', path]]),
    host: '127.0.0.1',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency: 4,
    waiting: 64,
    idleMs: 60_000,
    log: () => {},
    version: '0',
    now: () => new Date(),
    clock: () => performance.now(),
  });
  t.after(() => server.close());
  const textOf = async (body: object): Promise<string> => {
    const response = await post(`${server.url}/v1/completions`, body);
    const json = (await response.json()) as Json;
    assert.equal(response.status, 200, JSON.stringify(json));
    return json.choices[0].text;
  };
  const streamed = async (body: object): Promise<string> =>
    eventsIn(
      await (await post(`${server.url}/v1/completions`, { ...body, stream: true, diffusion: true })).text(),
    )
      .slice(0, -1)
      .map(({ choices }) => choices[0].text)
      .join('');
  for (const [i, request] of requests.slice(0, 4).entries()) assert.equal(await textOf(request), expected[i]);
  const together = await Promise.all(requests.flatMap((request) => [textOf(request), streamed(request)]));
  assert.deepEqual(
    together,
    expected.flatMap((text) => [text, text]),
  );
});

test('a request that is called off ends within a step, and the next is answered as if it had not been', async (t) => {
  let forwards = 0;
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('abcdefghijklmnop', () => forwards++) },
    { concurrency: 1 },
  );
  const url = `${server.url}/v1/completions`;
  const body = { prompt: 'ab', length: 6, temperature: 1, seed: 9 };
  const before = ((await (await post(url, body)).json()) as Json).choices[0].text;
  for (const when of ['before the first event', 'in a stream', 'while it waits']) {
    const gone = new AbortController();
    const long = { prompt: 'ab', length: 3000, stream: true };
    const asked = post(url, long, gone.signal);
    if (when === 'in a stream') await (await asked).body!.getReader().read();
    else while (server.service.queue.running === 0) await wait(1);
    const waiting = when === 'while it waits' ? post(url, long, gone.signal).catch(() => {}) : undefined;
    if (waiting) while (server.service.queue.waiting === 0) await wait(1);
    gone.abort();
    await asked.catch(() => {});
    await waiting;
    while (server.service.queue.running + server.service.queue.waiting > 0) await wait(1);
    const stopped = forwards;
    await wait(20);
    assert.equal(forwards, stopped, when);
    assert.equal(((await (await post(url, body)).json()) as Json).choices[0].text, before, when);
  }
  assert.ok(forwards < 1000, `${forwards}`);
  const counted = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(counted, /http_requests_total\{route="\/v1\/completions",status="499"\} [1-3]\n/);
  assert.doesNotMatch(counted, /http_requests_total\{.*status="5/);
});

/** An engine that says more than any connection holds, as fast as it is read. */
function endless(): Engine & { taken: number; cancelled: boolean } {
  const engine = {
    taken: 0,
    cancelled: false,
    start: (): RunningJob => {
      let end = (): void => {};
      const over = new Promise<void>((resolve) => (end = resolve));
      async function* events(): AsyncGenerator<JobEvent> {
        for (; !engine.cancelled; engine.taken++)
          yield { type: 'progress', progress: { text: 'x'.repeat(2 ** 16), tokens: [] } };
      }
      const cancel = (): void => {
        engine.cancelled = true;
        end();
      };
      return { events: events(), over, cancel };
    },
    load: () => {},
    add: () => {},
    keep: () => {},
    status: () => ({
      state: 'loaded' as const,
      facts: { maxLength: 100, hasChatTemplate: false, isCausal: false, readsWhole: true, defaults: {} },
    }),
    changed: async () => {},
    close: async () => {},
  };
  return engine;
}

test('nothing is made for a client that does not read; after a while it is hung up on', async (t) => {
  const engine = endless();
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('') },
    {
      engine,
      limits: { ...limits, stallMs: 300, drainMs: 100 },
    },
  );
  const socket = deafRequest(Number(new URL(server.url).port), { prompt: 'ab', stream: true });
  const deadline = Date.now() + 10_000;
  while (!engine.cancelled && Date.now() < deadline) await wait(10);
  assert.ok(engine.cancelled);
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1'))).resume();
  await once(socket, 'close', { signal: AbortSignal.timeout(5000) }).catch(() =>
    assert.fail('not hung up on'),
  );
  assert.ok(!received.includes('[DONE]'));
  // what the system keeps for the two ends of a connection, in pieces of 64 kB
  assert.ok(engine.taken > 1 && engine.taken < 256, `${engine.taken}`);
  assert.equal(server.service.queue.running, 0);
});

test('heads and bodies that are too large or come too slowly are refused or cut off', async (t) => {
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('abc') },
    { limits: { ...limits, headersMs: 200, requestMs: 200 } },
  );
  const port = Number(new URL(server.url).port);
  const line = `POST /v1/completions HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\n`;
  const half = 2 ** 19;
  const chunk = `${half.toString(16)}\r\n${' '.repeat(half)}\r\n`;
  const attacks: [what: string, sent: string, status: number][] = [
    ['a header of 64 kB', `${line}X: ${'x'.repeat(2 ** 16)}\r\n\r\n`, 431],
    [
      'a body over the limit, in pieces',
      `${line}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
      413,
    ],
    ['two lengths', `${line}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`, 400],
    ['a bad piece', `${line}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['half a head', line, 408],
    ['half a body', `${line}Content-Length: 100\r\n\r\n{"prompt"`, 408],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', `GET /health HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\n\r\n`, 400],
    ['no Host in HTTP/1.0', 'GET /health HTTP/1.0\r\n\r\n', 200],
    ['a Host of others in HTTP/1.0', 'GET /health HTTP/1.0\r\nHost: evil.example\r\n\r\n', 403],
    [
      'an Origin behind 64 headers',
      `GET /health HTTP/1.1\r\nHost: localhost:${port}\r\n${'X: 1\r\n'.repeat(64)}Origin: http://evil.example\r\n\r\n`,
      431,
    ],
  ];
  await Promise.all(
    attacks.map(async ([what, sent, status]) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      let received = '';
      socket.on('data', (data) => (received += data.toString()));
      socket.write(sent);
      const until = Date.now() + 8000;
      while (!/^HTTP\/1.1 \d+/.test(received) && Date.now() < until) await wait(10);
      assert.match(received, new RegExp(`^HTTP/1.1 ${status} `), what);
      socket.destroy();
    }),
  );
  const burst = connect(port, '127.0.0.1');
  burst.on('error', () => {});
  let answers = 0;
  burst.on('data', (data) => (answers += data.toString().split('HTTP/1.1 ').length - 1));
  burst.write(`GET /health HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`.repeat(1000));
  await once(burst, 'close');
  assert.ok(answers <= 32, 'a thousand requests at once are not begun');
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test('more than can wait is refused, each with a time to come again', async (t) => {
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('abcdefghijklmnop') },
    { concurrency: 1, waiting: 2 },
  );
  const url = `${server.url}/v1/completions`;
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => post(url, { prompt: 'ab', length: 300 })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(answers.filter(({ status }) => status === 200).length, 12 - refused.length);
  assert.equal(refused.length, 9);
  for (const response of refused) {
    assert.match(response.headers.get('retry-after')!, /^[1-9]\d*$/);
    assert.equal(((await response.json()) as Json).error.type, 'rate_limit_error');
  }
});

test('a model is loaded when it is asked for, and closed when nobody does any more', async (t) => {
  const made: ReturnType<typeof modelThatKnows>[] = [];
  const make = (): ReturnType<typeof modelThatKnows> => {
    made.push(modelThatKnows('abcdefgh'));
    return made.at(-1)!;
  };
  const models = { first: make, second: make };
  const makers = new Map(Object.entries(models).map(([name, maker]) => [name, async () => maker()] as const));
  const server = await startFakeServer(t, models, { engine: engineHere(makers, 30) });
  const ask = asker(server);
  assert.equal(made.length, 1);
  const body = { model: 'second', prompt: 'ab', length: 2 };
  const text = async (): Promise<string> =>
    ((await (await ask('/v1/completions', { body })).json()) as Json).choices[0].text;
  assert.equal(await text(), 'cd');
  while (server.service.engine.status('second').state !== 'unloaded') await wait(5);
  assert.ok(made.every(({ closed }) => closed));
  assert.equal((await ask('/health')).status, 200);
  assert.equal(await text(), 'cd');
  assert.equal(made.length, 3);
});

test('health is 503 while the first model is loading and where it can not be, and says why', async (t) => {
  let fail: (problem: Error) => void = () => {};
  const loading = new Promise<never>((_, reject) => (fail = reject));
  loading.catch(() => {});
  const server = await startFakeServer(
    t,
    { story: () => modelThatKnows('ab') },
    {
      isLoaded: false,
      engine: engineHere(new Map([['story', () => loading]])),
    },
  );
  const ask = asker(server);
  const first = await ask('/health');
  assert.deepEqual(
    [first.status, await first.json()],
    [503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } }],
  );
  const waiting = ask('/v1/completions', { body: { prompt: 'a' } });
  fail(new Error('no such file'));
  const answer = await waiting;
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /no such file/);
  assert.match(await (await ask('/health')).text(), /no such file/);
});

test('when the thread dies its requests fail, and another is started', async () => {
  const opened: (EventEmitter & { sent: ToWorker[] })[] = [];
  const engine = new PortEngine(
    () => {
      const sent: ToWorker[] = [];
      const port = Object.assign(new EventEmitter(), {
        sent,
        postMessage: (message: ToWorker) => sent.push(message),
      });
      opened.push(port);
      return port as unknown as EnginePort;
    },
    async () => {},
  );
  const tell = (message: FromWorker): boolean => opened.at(-1)!.emit('message', message);
  tell({ type: 'model', model: 'm', state: 'loaded' });
  const job = {
    model: 'm',
    task: { kind: 'write', prompt: '' },
    sampling: {},
    stop: [],
    logprobs: false,
    view: 'nothing',
    candidates: 0,
  } as const;
  const running = engine.start(job);
  opened[0].emit('error', new Error('out of memory'));
  await running.over;
  const events = [];
  for await (const event of running.events) events.push(event);
  assert.deepEqual(
    events.map((event) => event.type === 'failed' && event.failure.kind),
    ['internal'],
  );
  assert.equal(engine.status('m').state, 'unloaded');
  const meanwhile = engine.start(job);
  await meanwhile.over;
  const keepAlive = setTimeout(() => {}, 5000);
  while (opened.length < 2) await wait(20);
  clearTimeout(keepAlive);
  engine.start(job);
  assert.deepEqual(
    opened[1].sent.map(({ type }) => type),
    ['watch', 'start'],
  );
});

test('a job that blocks the thread is named, the others may come again, and another thread is started', async (t) => {
  const opened: (EventEmitter & { sent: ToWorker[]; isReleased: boolean })[] = [];
  const deaths: string[] = [];
  const engine = new PortEngine(
    () => {
      const sent: ToWorker[] = [];
      const port = Object.assign(new EventEmitter(), {
        sent,
        isReleased: false,
        postMessage(message: ToWorker) {
          sent.push(message);
          if (message.type === 'watch') message.at[0] = 1; // busy with the second job, and deaf
        },
      });
      opened.push(port);
      return port as unknown as EnginePort;
    },
    async (port) => void ((port as unknown as (typeof opened)[0]).isReleased = true),
    (error) => void deaths.push(error.message),
    { pingMs: 20, blockedMs: 100, openingMs: 200 },
  );
  const keepAlive = setTimeout(() => {}, 10_000);
  t.after(() => clearTimeout(keepAlive));
  const job = {
    model: 'm',
    task: { kind: 'write', prompt: '' },
    sampling: {},
    stop: [],
    logprobs: false,
  } as const;
  const running = Array.from({ length: 2 }, () => engine.start({ ...job, view: 'nothing', candidates: 0 }));
  const kinds = running.map(async ({ events }) => {
    for await (const event of events) if (event.type === 'failed') return event.failure;
    return undefined;
  });
  const [other, blamed] = await Promise.all(kinds);
  assert.equal(other?.kind, 'restarting');
  assert.equal(blamed?.kind, 'blocking');
  assert.match(blamed!.message, /^the request kept the models from all others/);
  assert.match(deaths[0], /no sign of life/);
  assert.ok(opened[0].isReleased);
  while (opened.length < 2) await wait(20);
});

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

async function started(args: readonly string[]): Promise<{ child: ChildProcess; out: string; url: string }> {
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', ...args], { stdio: 'pipe' });
  let out = '';
  child.stderr!.resume();
  for await (const chunk of child.stdout!) {
    out += chunk;
    if (out.endsWith('\n\n')) break;
  }
  return { child, out, url: /http:\S+/.exec(out)![0] };
}

test('unmask serve: the lines that it prints work, and SIGTERM lets a stream come to its end', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const { child, out, url } = await started([path]);
  t.after(() => child.kill('SIGKILL'));
  const lines = out.split('\n').filter((line) => line.startsWith('curl '));
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const [, path] = /curl (?:-N )?(\S+)/.exec(line)!;
    const [, body] = /-d '([^']+)'/.exec(line)!;
    const response = await post(path, JSON.parse(body) as object);
    assert.equal(response.status, 200);
    await response.text();
  }
  try {
    const said = execFileSync('sh', ['-c', lines[0].replace('curl ', 'curl -s ')], { encoding: 'utf8' });
    assert.ok(said.includes('▒') && said.endsWith('data: [DONE]\n\n'));
  } catch (error) {
    if ((error as { status?: number }).status !== 127) throw error;
    t.diagnostic('there is no curl here: the line was read, not run');
  }

  const response = await post(`${url}/v1/completions`, { prompt: 'A dog', length: 48, stream: true });
  const reading = response.text();
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const events = eventsIn(await reading);
  assert.equal(events.at(-1), '[DONE]');
  const [code] = (await exit) as [number];
  assert.equal(code, 0);
  await assert.rejects(post(`${url}/v1/completions`, { prompt: 'A' }));
});

test('unmask serve: a first model that can not be loaded ends it with a sentence', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  await truncate(join(path, 'model.safetensors'), 1000);
  const { code, err } = await runCommand(['serve', path, '--quiet', '--port', '0']);
  assert.equal(code, 2, err);
  assert.match(err, /^unmask serve: .*model\.safetensors: expected/);
});

test('unmask serve: others are let in with a key alone', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const { code, err } = await runCommand(['serve', path, '--host', '0.0.0.0', '--port', '0']);
  assert.equal(code, 2);
  assert.match(err, /^unmask serve: --host: must be of this machine \(127\.0\.0\.1\) unless a key is set/);
});

test('unmask serve: an adapter belongs to one model', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const args = ['serve', `a=${path}`, `b=${path}`, '--adapter', 'x', '--port', '0'];
  const { code, err } = await runCommand(args);
  assert.equal(code, 2, err);
  assert.match(err, /^unmask serve: --adapter: belongs to one model, and 2 are served/);
});

test('unmask serve: a port that is taken is one sentence', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const { code, err } = await runCommand(['serve', '--port', String(port)]);
  other.close();
  assert.equal(code, 2, err);
  assert.match(err, /--port: must be free, and another program listens there, got \d+\n$/);
});
