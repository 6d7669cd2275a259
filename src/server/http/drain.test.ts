import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain } from './drain.ts';

test('whoever asks for health over and over hears of the drain twice before it goes on', async () => {
  let now = 0;
  const drain = new Drain(() => now);
  for (; now < 3000; now += 1000) drain.asked();
  let isOver = false;
  const begun = drain.begin({ mostMs: 60_000, lullMs: 1 }).then(() => (isOver = true));
  assert.equal(drain.isDraining, true);
  drain.asked();
  await new Promise(setImmediate);
  assert.equal(isOver, false);
  drain.asked();
  await begun;
});

test('nobody is waited for who asked once, many times at once, or long ago; and for no one without an end', async () => {
  const asks = { never: [], once: [0], atOnce: [0, 1, 2, 3, 4], longAgo: [0, 1000, 2000] };
  for (const [name, times] of Object.entries(asks)) {
    let now = 0;
    const drain = new Drain(() => now);
    for (now of times) drain.asked();
    if (name === 'longAgo') now = 60_000;
    await drain.begin({ mostMs: 60_000, lullMs: 1 });
  }
  let now = 0;
  const drain = new Drain(() => now);
  for (now of [0, 1000, 2000]) drain.asked();
  await drain.begin({ mostMs: 1, lullMs: 1 });
});
