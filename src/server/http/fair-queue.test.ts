import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from './http-error.ts';
import { FairQueue } from './fair-queue.ts';

const never = new AbortController().signal;

function queueOf(running: number, waiting: number, waitMs = 10_000) {
  let nowMs = 0;
  const queue = new FairQueue({ running, waiting, waitMs, clock: () => nowMs });
  return { queue, pass: (ms: number) => (nowMs += ms) };
}

const refusal = (error: unknown): boolean => error instanceof HttpError && error.status === 429;

test('so many run, so many wait, the next is refused', async () => {
  const { queue } = queueOf(2, 1);
  const release = await queue.enter('a', 1, never);
  await queue.enter('a', 1, never);
  const third = queue.enter('a', 1, never);
  await assert.rejects(queue.enter('b', 1, never), refusal);
  assert.deepEqual([queue.running, queue.waiting], [2, 1]);
  release();
  release();
  await third;
  assert.deepEqual([queue.running, queue.waiting], [2, 0]);
});

test('where no more may wait, who has most waiting gives up the last', async () => {
  const { queue } = queueOf(1, 3);
  const release = await queue.enter('a', 1, never);
  const [first, second, third] = ['a', 'a', 'a'].map((key) => queue.enter(key, 1, never));
  await assert.rejects(queue.enter('a', 1, never), refusal);
  queue.checkRoom('b');
  const other = queue.enter('b', 1, never);
  await assert.rejects(third, refusal);
  await assert.rejects(queue.enter('b', 1, never), refusal, 'both would have two');
  assert.equal(queue.waiting, 3);
  release();
  (await first)();
  (await other)();
  (await second)();
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('turns go round those who wait, whoever has more requests', async () => {
  const { queue } = queueOf(1, 10);
  const order: string[] = [];
  let release = await queue.enter('x', 1, never);
  const waits = ['a', 'a', 'a', 'b', 'b', 'c'].map(async (key) => {
    const mine = await queue.enter(key, 1, never);
    order.push(key);
    release = mine;
  });
  for (const _ of waits) {
    release();
    await new Promise((resume) => setImmediate(resume));
  }
  await Promise.all(waits);
  assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'a']);
});

test('a request of several texts waits for as much room, and is not overtaken', async () => {
  const { queue } = queueOf(2, 10);
  const one = await queue.enter('a', 1, never);
  let order = '';
  const both = queue.enter('b', 2, never).then((release) => ((order += 'b'), release));
  const late = queue.enter('c', 1, never).then((release) => ((order += 'c'), release));
  assert.deepEqual([queue.running, queue.waiting], [1, 2]);
  one();
  (await both)();
  (await late)();
  assert.deepEqual([order, queue.running], ['bc', 0]);
});

test('who goes away leaves the line', async () => {
  const { queue } = queueOf(1, 1);
  const release = await queue.enter('a', 1, never);
  const gone = new AbortController();
  const waiting = queue.enter('b', 1, gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  assert.equal(queue.waiting, 0);
  release();
  assert.equal(queue.running, 0);
  await assert.rejects(queue.enter('b', 1, gone.signal), /gone/);
});

test('who waits too long is refused', async () => {
  const { queue } = queueOf(1, 1, 5);
  await queue.enter('a', 1, never);
  await assert.rejects(queue.enter('b', 1, never), refusal);
  assert.equal(queue.waiting, 0);
});

test('when to come again is told by what requests took', async () => {
  const { queue, pass } = queueOf(2, 10);
  for (let i = 0; i < 40; i++) {
    const release = await queue.enter('a', 1, never);
    pass(4000);
    release();
  }
  const gone = new AbortController();
  const five = Array.from({ length: 5 }, () => queue.enter('a', 1, gone.signal));
  assert.equal(queue.retryAfterSeconds, 10); // five ahead, two at a time, four seconds each
  gone.abort();
  await Promise.allSettled(five);
});
