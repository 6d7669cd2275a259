import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { uniforms } from '../../base/random.ts';
import { inOrder } from './in-order.ts';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

test('what is done side by side comes out in order, whatever takes how long; so many at once, and no more ahead', async () => {
  const uniform = uniforms(1, 'synthetic');
  const out: number[] = [];
  let [running, most, ahead] = [0, 0, 0];
  await inOrder(
    numbers(60),
    { most: 5, window: 8 },
    async (i) => {
      most = Math.max(most, ++running);
      ahead = Math.max(ahead, i - out.length);
      await wait(i === 20 ? 30 : 3 * uniform(i));
      running--;
      return i;
    },
    async (i) => {
      await wait(0);
      out.push(i);
    },
  );
  assert.deepEqual(
    out,
    Array.from({ length: 60 }, (_, i) => i),
  );
  assert.equal(most, 5);
  assert.ok(ahead < 8, `${ahead}`);
});

test('the first failure ends all, and what was begun is over by then', async () => {
  let running = 0;
  const out: number[] = [];
  const failing = inOrder(
    numbers(1000),
    { most: 4 },
    async (i) => {
      running++;
      await wait(1);
      running--;
      if (i === 10) throw new Error('the eleventh');
      return i;
    },
    async (i) => void out.push(i),
  );
  await assert.rejects(failing, /the eleventh/);
  assert.equal(running, 0);
  assert.deepEqual(
    out,
    Array.from({ length: out.length }, (_, i) => i),
  );
  assert.ok(out.length <= 10);
});
