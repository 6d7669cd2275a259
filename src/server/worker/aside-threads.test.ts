import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type AsideOptions, type AsidePort, type AsideReply, AsideThreads } from './aside-threads.ts';

/** Threads that say what they are asked, but for what hangs, and what takes its time in milliseconds. */
function echoing(options: Partial<AsideOptions<string | number, string>>) {
  const threads = { opened: 0, ended: 0 };
  const open = (): AsidePort<string | number, string> => {
    threads.opened += 1;
    const events = new EventEmitter();
    const say = (reply: AsideReply<string>): unknown => events.emit('message', reply);
    return Object.assign(events, {
      postMessage(question: string | number) {
        if (question !== 'hang') setTimeout(() => say({ result: `${question}` }), Number(question) || 0);
      },
      terminate: () => void (threads.ended += 1),
      unref: () => {},
    });
  };
  const tooLong = (question: string | number, seconds: number) => new Error(`${question} ${seconds}`);
  return { threads, aside: new AsideThreads({ open, tooLong, ...options }) };
}

test('what waits behind a slow question gets a thread of its own, which ends when it has nothing to do', async () => {
  const { threads, aside } = echoing({ patienceMs: 5 });
  const slow = aside.ask(400);
  assert.equal(await aside.ask('a'), 'a');
  assert.equal(await slow, '400');
  assert.equal(await aside.ask('b'), 'b');
  assert.deepEqual(threads, { opened: 2, ended: 1 });
});

test('what waits behind as many slow questions as there are threads ends the slowest, once that has had its time', async () => {
  const { threads, aside } = echoing({ threads: 2, patienceMs: 5, busyMs: 30, limitMs: 200 });
  const began = performance.now();
  const slow = ['hang', 'hang', 'hang'].map((question) => aside.ask(question).catch(String));
  assert.equal(await aside.ask('a'), 'a');
  const took = performance.now() - began;
  assert.deepEqual(await Promise.all(slow.slice(0, 2)), ['Error: hang 0', 'Error: hang 0']);
  assert.ok(took >= 30, `${took}`);
  assert.deepEqual(threads, { opened: 4, ended: 2 });
});

test('alone, a question has all of its time', async () => {
  const { threads, aside } = echoing({ busyMs: 0, patienceMs: 1, limitMs: 30 });
  const began = performance.now();
  await assert.rejects(aside.ask('hang'), /hang 0/);
  assert.ok(performance.now() - began >= 29);
  assert.deepEqual(threads, { opened: 1, ended: 1 });
});

test('who goes away is not waited for: what waits is not asked, and what goes on for nobody is ended', async () => {
  const { threads, aside } = echoing({ threads: 1, patienceMs: 10 });
  const [gone, also] = [new AbortController(), new AbortController()];
  const reading = aside.ask('hang', gone.signal);
  const waiting = aside.ask('hang', also.signal);
  also.abort(new Error('also gone'));
  await assert.rejects(waiting, /also gone/);
  gone.abort(new Error('gone'));
  await assert.rejects(reading, /^Error: gone/);
  assert.deepEqual(threads, { opened: 1, ended: 0 });
  assert.equal(await aside.ask('a'), 'a');
  assert.deepEqual(threads, { opened: 2, ended: 1 });
  await assert.rejects(aside.ask('b', gone.signal), /gone/);
});

test('when the last that waits goes away, no thread begins for nobody', async () => {
  const { threads, aside } = echoing({ threads: 2, patienceMs: 10 });
  const [gone, last] = [new AbortController(), new AbortController()];
  const reading = aside.ask('hang', last.signal).catch(String);
  const waiting = aside.ask('a', gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  await wait(30);
  assert.deepEqual(threads, { opened: 1, ended: 0 });
  last.abort(new Error('done'));
  assert.equal(await reading, 'Error: done');
});

test('a thread that is done soon after its asker went away is kept', async () => {
  const { threads, aside } = echoing({ patienceMs: 40 });
  const gone = new AbortController();
  const reading = aside.ask(5, gone.signal).catch(String);
  gone.abort(new Error('gone'));
  assert.equal(await reading, 'Error: gone');
  await wait(15);
  assert.equal(await aside.ask('a'), 'a');
  assert.deepEqual(threads, { opened: 1, ended: 0 });
});
