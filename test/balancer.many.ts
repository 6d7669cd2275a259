import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startBalancer, startReplica, withBalancer } from './replicas.ts';

const body = { prompt: 'Once upon a time', length: 16, steps: 4, temperature: 0.7, stopEarly: false };

interface Reply {
  readonly status: number;
  readonly text: string;
  /** What the answer calls the request. */
  readonly name?: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

async function ask(url: string, more: object, headers: Record<string, string> = {}): Promise<Reply> {
  const beganMs = performance.now();
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...body, ...more }),
    signal: AbortSignal.timeout(120_000),
  });
  const [name, text] = [response.headers.get('x-request-id') ?? undefined, await response.text()];
  return { status: response.status, text, name, beganMs, endedMs: performance.now() };
}

/** Clients that ask one text after another until they are told to stop. @param pauseMs  between an answer and the next request */
function load(
  url: string,
  clients: number,
  pauseMs = 0,
): { stop(): Promise<Reply[]>; readonly replies: Reply[] } {
  const replies: Reply[] = [];
  const end = new AbortController();
  const all = Array.from({ length: clients }, async (_, client) => {
    for (let i = 0; !end.signal.aborted; i++) {
      const beganMs = performance.now();
      const reply = await ask(url, { seed: 1000 * client + i }).catch((error: Error) => ({
        status: 0,
        text: `${error.message}: ${String(error.cause)}`,
        beganMs,
        endedMs: performance.now(),
      }));
      replies.push(reply);
      await wait(reply.status === 200 ? pauseMs : 100);
    }
  });
  return {
    replies,
    async stop() {
      end.abort();
      await Promise.all(all);
      return replies;
    },
  };
}

/** Those that are no text: their statuses, and what they say. */
const failuresOf = (replies: readonly Reply[]): string[] =>
  replies.filter(({ status }) => status !== 200).map(({ status, text }) => `${status} ${text}`);

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await isTrue()); i++) {
    assert.ok(i < 2400, 'it takes more than two minutes');
    await wait(50);
  }
}

test(
  'three replicas behind HAProxy: shares, a kill, a drain, a rolling restart, names, streams, seeds',
  withBalancer,
  async (t) => {
    const replicas = await Promise.all([1, 2, 3].map(() => startReplica(t)));
    const { url, log } = await startBalancer(t, replicas);

    await t.test('the same seed gives the same text on every replica, and through the balancer', async () => {
      const texts = new Set<string>();
      for (const place of [url, ...replicas.map(({ port }) => `http://127.0.0.1:${port}`)])
        texts.add(JSON.parse((await ask(place, { seed: 7 })).text).choices[0].text);
      assert.equal(texts.size, 1);
    });

    await t.test(
      'name and trace of a request are in the logs of the balancer and of the server',
      async () => {
        const trace = '0af7651916cd43dd8448eb211c80319c';
        const traceparent = `00-${trace}-b7ad6b7169203331-01`;
        const { name: given } = await ask(url, {}, { 'x-request-id': 'the-name-of-one', traceparent });
        assert.equal(given, 'the-name-of-one');
        await until(() => log().includes(`{the-name-of-one|${traceparent}}`));
        const line = new RegExp(`"request":"the-name-of-one","trace":"${trace}"`);
        assert.equal(replicas.filter((replica) => line.test(replica.log())).length, 1);
        const unnamed = await fetch(`${url}/health`);
        const name = unnamed.headers.get('x-request-id')!;
        await until(() => log().includes(name));
      },
    );

    await t.test('a stream comes through as it is written', async () => {
      const response = await fetch(`${url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, length: 128, steps: 128, stream: true, diffusing: true }),
      });
      const arrivedMs: number[] = [];
      for await (const _ of response.body!) arrivedMs.push(performance.now());
      assert.ok(arrivedMs.length > 16, `${arrivedMs.length} pieces`);
      assert.ok(arrivedMs.at(-1)! - arrivedMs[0] > 100, 'it came at once');
    });

    await t.test('64 clients are shared out evenly, within a tenth', async () => {
      const before = await Promise.all(replicas.map((replica) => replica.finished()));
      let asked = 0;
      // a replica that other work on the machine holds up for a while is rightly given less
      for (let round = 0, isEven = false; !isEven; round++) {
        const running = load(url, 64);
        await until(() => running.replies.length > 480);
        const replies = await running.stop();
        assert.deepEqual(failuresOf(replies), []);
        asked += replies.length;
        const after = await Promise.all(replicas.map((replica) => replica.finished()));
        const shares = after.map((count, i) => count - before[i]);
        t.diagnostic(`shares of ${asked} requests: ${shares.join(', ')}`);
        isEven = shares.every((share) => Math.abs(share - asked / 3) < (0.1 * asked) / 3);
        assert.ok(isEven || round < 3, shares.join(', '));
      }
    });

    await t.test(
      'one is killed and one drained: what was in flight on the killed one has a clean error, nothing else',
      async () => {
        const running = load(url, 64);
        await until(() => running.replies.length > 64);
        const killedMs = performance.now();
        await replicas[0].kill('SIGKILL');
        const goneMs = performance.now();
        // two health checks later the balancer knows; a second replica that goes before is more than its retries are for
        await until(() => running.replies.length > 256 && performance.now() - goneMs > 4000);
        await replicas[1].kill('SIGTERM'); // returns when it has drained
        const seen = running.replies.length;
        await until(() => running.replies.length > seen + 64);
        const replies = await running.stop();
        const lost = replies.filter(({ status }) => status !== 200);
        t.diagnostic(`of ${replies.length} requests ${lost.length} were lost with the killed replica`);
        for (const { status, text, beganMs, endedMs } of lost) {
          assert.equal(status, 502, text);
          assert.equal(JSON.parse(text).error.code, 'replica_lost');
          assert.ok(beganMs < goneMs && endedMs > killedMs, `${beganMs - goneMs}, ${endedMs - killedMs}`);
        }
        assert.ok(lost.length > 0 && lost.length <= 32);
        await Promise.all([replicas[0].start(), replicas[1].start()]);
      },
    );

    await t.test('all are restarted one after the other, and no request fails', async () => {
      // that leave some of the machine to a replica that starts
      const running = load(url, 16, 300);
      for (const replica of replicas) {
        const seen = running.replies.length;
        await until(() => running.replies.length > seen + 32);
        await replica.kill('SIGTERM');
        await replica.start();
        // the balancer knows that it is there
        await until(async () => (await replica.finished()) > 0);
      }
      const replies = await running.stop();
      t.diagnostic(`${replies.length} requests during the restart of all`);
      assert.deepEqual(failuresOf(replies), []);
    });
  },
);
