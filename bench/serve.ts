// How the server behaves under load: `npm run bench:serve`. All traffic stays on 127.0.0.1, bounded in number and time.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shippedModel } from '../src/model-files/locate.ts';
import { limits } from '../src/server/http/limits.ts';
import { startServer } from '../src/server/http/server.ts';
import { deafRequest } from '../test/deaf-request.ts';

const concurrency = 8;
const waiting = 16;

/** The numbers of the server's own process. */
interface Vitals {
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly rssBytes: number;
  readonly running: number;
}

interface Outcome {
  readonly tokens: number;
  readonly seconds: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly perClient: readonly number[];
  readonly withoutRetryAfter: number;
  /** Cores that the clients themselves kept busy, which are the server's too. */
  readonly cores: number;
}

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== 'child'),
  options: {
    seconds: { type: 'string', default: '8' },
    cache: { type: 'string', default: 'prefix' },
  },
});
const body = {
  prompt: 'Once upon a time',
  length: 96,
  steps: 24,
  blockLength: 16,
  temperature: 0.7,
  revise: 0,
  stopEarly: false,
  cache: values.cache,
};

/** The server, in a process of its own, so that its memory and event loop are nobody else's. */
async function serve(): Promise<void> {
  const server = await startServer({
    models: new Map([['stories', shippedModel]]),
    host: '127.0.0.1',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency,
    waiting,
    idleMs: 600_000,
    limits: { ...limits, connections: 512, stallMs: 120_000 },
    log: () => {},
    version: 'bench',
    now: () => new Date(),
    clock: () => performance.now(),
  });
  process.on('disconnect', () => process.exit(1)); // nobody measures any more
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('message', (message) => {
    if (message === 'reset') {
      delay.reset();
      return;
    }
    if (message === 'stop') {
      void server.close().then(() => process.exit(0));
      return;
    }
    process.send!({
      p99Ms: delay.percentile(99) / 1e6,
      maxMs: delay.max / 1e6,
      rssBytes: process.memoryUsage().rss,
      running: server.service.queue.running,
    } satisfies Vitals);
  });
  const { engine } = server.service;
  while (!engine.status('stories').facts) await engine.changed();
  process.send!(server.url);
}

/** The server, as the process of the clients sees it. */
interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  vitals(): Promise<Vitals>;
  /** Waits until nothing runs. */
  idle(): Promise<void>;
}

async function startChild(): Promise<Served> {
  const child = fork(fileURLToPath(import.meta.url), ['child']);
  const [url] = (await once(child, 'message')) as [string];
  const vitals = async (): Promise<Vitals> => {
    child.send('vitals');
    return ((await once(child, 'message')) as [Vitals])[0];
  };
  const idle = async (): Promise<void> => {
    while ((await vitals()).running > 0) await wait(20);
  };
  return { url, child, vitals, idle };
}

function say(what: string, result: object): void {
  process.stdout.write(`${JSON.stringify({ what, ...result })}\n`);
}

async function measure(): Promise<void> {
  const seconds = Number(values.seconds);
  const served = await startChild();
  await clients(served.url, 1, 2); // warms up
  await underLoad(served, seconds);
  await deafClients(served, seconds);
  await cancellation(served);
  served.child.send('stop');
  await once(served.child, 'exit');
}

/** What one client gets, what eight get, and what is done of it where eighty ask. */
type Round = Readonly<Record<'one' | 'eight' | 'impatient' | 'patient', Outcome>>;

const perSecond = ({ tokens, seconds }: Outcome): number => tokens / seconds;

const middle = <T>(values: readonly T[], of: (value: T) => number): T =>
  values.toSorted((x, y) => of(x) - of(y))[values.length >> 1];

async function underLoad({ url, child, vitals, idle }: Served, seconds: number): Promise<void> {
  // in turns, so that whatever else the machine does falls on all
  const rounds: Round[] = [];
  let [busy, calm, memoryGrowth] = [await vitals(), await vitals(), 0];
  for (let round = 0; round < 3; round++) {
    child.send('reset');
    const one = await clients(url, 1, seconds / 2);
    const eight = await clients(url, concurrency, seconds);
    busy = await vitals();
    const impatient = await clients(url, 10 * concurrency, seconds);
    const patient = await clients(url, 10 * concurrency, seconds, true);
    await idle();
    if (round > 0) memoryGrowth = (await vitals()).rssBytes - calm.rssBytes;
    else calm = await vitals();
    rounds.push({ one, eight, impatient, patient });
  }
  const { one, eight } = middle(rounds, (round) => perSecond(round.eight) / perSecond(round.one));
  say('8 clients against one', {
    cache: body.cache,
    tokensPerSecond: [Math.round(perSecond(one)), Math.round(perSecond(eight))],
    ratio: rounded(perSecond(eight) / perSecond(one)),
    wanted: 'ratio ≥ 1.3',
  });
  say('fairness among 8', {
    slowestToFastest: rounded(Math.max(...eight.perClient) / Math.min(...eight.perClient)),
    wanted: '≤ 1.5',
  });
  say('event loop while writing', {
    p99Ms: rounded(busy.p99Ms),
    maxMs: rounded(busy.maxMs),
    wanted: 'p99 < 50',
  });
  for (const kind of ['impatient', 'patient'] as const) sayOverload(rounds, kind);
  say('memory', { growthMB: rounded(memoryGrowth / 2 ** 20), wanted: 'flat after the first round' });
}

function sayOverload(rounds: readonly Round[], kind: 'impatient' | 'patient'): void {
  const goodputOf = (round: Round): number => perSecond(round[kind]) / perSecond(round.eight);
  const round = middle(rounds, goodputOf);
  const { statuses, withoutRetryAfter, cores } = round[kind];
  const [ok, refused] = [statuses.get(200) ?? 0, statuses.get(429) ?? 0];
  say('ten times what it can do', {
    clients: kind === 'patient' ? 'wait as they are told' : 'ask again at once',
    goodput: rounded(goodputOf(round)),
    answered: ok,
    refused,
    others: [...statuses.values()].reduce((sum, n) => sum + n, 0) - ok - refused,
    withoutRetryAfter,
    coresOfTheClients: [rounded(round.eight.cores), rounded(cores)],
    wanted: 'goodput ≥ 0.9, others 0',
  });
}

async function deafClients({ url, vitals, idle }: Served, seconds: number): Promise<void> {
  const before = await vitals();
  const deaf = Array.from({ length: 4 }, () =>
    deafRequest(Number(new URL(url).port), { ...body, steps: 96, n: 4, stream: true, diffusion: true }),
  );
  await wait(Math.min(seconds, 6) * 1000);
  const whileDeaf = await vitals();
  for (const socket of deaf) socket.destroy();
  say('clients that never read', {
    clients: deaf.length,
    perClientMB: rounded((whileDeaf.rssBytes - before.rssBytes) / deaf.length / 2 ** 20),
    wanted: '≤ 16',
  });
  await idle();
}

/** How long the model goes on for a client that is gone. */
async function cancellation({ url, vitals }: Served): Promise<void> {
  // its steps are not those of the other clients: it writes all in one block
  const long = { ...body, steps: 96, blockLength: 96 };
  const longBegin = performance.now();
  await (await ask(url, long)).json();
  const stepMs = (performance.now() - longBegin) / long.steps;
  const freed: number[] = [];
  for (let i = 0; i < 10; i++) {
    const gone = new AbortController();
    const response = await ask(url, { ...long, stream: true, diffusing: true }, gone.signal);
    await response.body!.getReader().read();
    const begin = performance.now();
    gone.abort();
    while ((await vitals()).running > 0) await wait(1);
    freed.push(performance.now() - begin);
  }
  say('cancellation', {
    medianMs: rounded(freed.toSorted((a, b) => a - b)[5]),
    longestMs: rounded(Math.max(...freed)),
    stepMs: rounded(stepMs),
    wanted: 'about a step',
  });
}

/**
 * So many clients, each of which asks again as soon as it is answered. Tokens are those of whole answers.
 *
 * @param heeds  a client that is refused waits as long as it is told, as OpenAI's does
 */
async function clients(url: string, count: number, seconds: number, heeds = false): Promise<Outcome> {
  const begin = performance.now();
  const cpuBefore = process.cpuUsage();
  const end = begin + 1000 * seconds;
  const statuses = new Map<number, number>();
  const perClient: number[] = [];
  let [tokens, withoutRetryAfter] = [0, 0];
  await Promise.all(
    Array.from({ length: count }, async (_, client) => {
      const latencies: number[] = [];
      for (let i = 0; performance.now() < end; i++) {
        const asked = performance.now();
        const response = await ask(url, { ...body, seed: 1000 * client + i });
        const { usage } = (await response.json()) as { usage?: { completion_tokens: number } };
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 429) {
          const after = response.headers.get('retry-after');
          if (!after) withoutRetryAfter++;
          else if (heeds) await wait(Math.min(1000 * Number(after), end - performance.now()));
        }
        if (!usage) continue;
        tokens += usage.completion_tokens;
        latencies.push(performance.now() - asked);
      }
      if (latencies.length > 0) perClient.push(latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length);
    }),
  );
  const taken = (performance.now() - begin) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const cores = (cpu.user + cpu.system) / 1e6 / taken;
  return { tokens, seconds: taken, statuses, perClient, withoutRetryAfter, cores };
}

function ask(url: string, request: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  });
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100;
}

const isChild = process.argv[2] === 'child';
if (isChild) await serve();
else await measure();
