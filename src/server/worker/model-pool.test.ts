import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Model } from '../../language-model/language-model.ts';
import { ModelPool } from './model-pool.ts';

/** A model whose closing takes as long as `closing` does. */
const fakeModel = (closing: Promise<void>): Model =>
  ({ config: { maxLength: 8 }, defaults: {}, close: () => closing }) as unknown as Model;

test('a model that is asked for while it is being closed is told as loaded, and not as unloaded behind that', async () => {
  const told: string[] = [];
  const rests: number[] = [];
  let closed = (): void => {};
  const closing = new Promise<void>((resolve) => (closed = resolve));
  const pool = new ModelPool(new Map([['a', 'path']]), async () => fakeModel(closing), {
    idleMs: 250,
    tell: (_, state) => void told.push(state),
    onRest: (_, restMs) => void rests.push(restMs),
  });
  await pool.use('a', async () => {});
  await wait(400); // nobody uses it: it is being closed
  await pool.use('a', async () => {});
  closed();
  await new Promise(setImmediate);
  assert.deepEqual(told, ['loading', 'loaded', 'loading', 'loaded']);
  await wait(500);
  assert.equal(told.at(-1), 'unloaded');
  await pool.use('a', async () => pool.keep('a', Infinity));
  assert.deepEqual(rests, [250, 250, Infinity]);
  await pool.close();
});
