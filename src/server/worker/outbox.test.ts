import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from './outbox.ts';
import type { JobProgress } from './protocol.ts';

const step = (revision: number): JobProgress => ({
  text: '',
  tokens: [],
  frame: {
    revision,
    step: revision,
    block: 0,
    t: 0,
    length: 1,
    committed: 0,
    reset: false,
    changes: [{ position: 0, token: 1, text: 'a', confidence: 1 }],
  },
});

test('a slow reader is sent every step, and the job waits where many do', async () => {
  const sent: number[] = [];
  const outbox = new Outbox('frames', ({ frame }) => sent.push(frame!.revision), 6);
  let made = 0;
  const job = (async () => {
    for (; made < 20; made++) await outbox.put(step(made));
  })();
  await new Promise(setImmediate);
  assert.ok(made < 10, `${made} steps for one that was taken`);
  for (let taken = 0; taken < 19; taken++) {
    outbox.taken();
    await new Promise(setImmediate);
  }
  await job;
  assert.equal(outbox.end().frame, undefined);
  assert.deepEqual(
    sent,
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('text that nobody takes is put together, and nothing waits for it', () => {
  const sent: string[] = [];
  const outbox = new Outbox('text', ({ text }) => sent.push(text), 0);
  for (const text of ['a', 'b', '', 'c']) assert.equal(outbox.put({ text, tokens: [] }), undefined);
  outbox.taken();
  outbox.put({ text: 'd', tokens: [] });
  assert.deepEqual([sent, outbox.end().text], [['a', 'bc'], 'd']);
});

test('a job that waits goes on when nobody reads any more', async () => {
  const outbox = new Outbox('frames', () => {}, 0);
  void outbox.put(step(0));
  const waiting = outbox.put(step(1));
  outbox.leave();
  await waiting;
});
