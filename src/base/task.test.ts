import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startTask, type TaskIo, type TaskOptions } from './task.ts';

/** Counts to three, and gives how far it came; stopped, it gives what it has. */
const count =
  (log: string[] = []) =>
  async ({ tell, signal }: TaskIo<number>): Promise<number> => {
    for (let n = 1; n <= 3; n++) {
      if (signal.aborted) return n - 1;
      log.push(`does ${n}`);
      await tell(n);
    }
    return 3;
  };

const start = (log?: string[], options: TaskOptions<number> = {}) => startTask(count(log), options);

test('a task is awaited for its result, and a callback is told how far it is', async () => {
  const told: number[] = [];
  assert.equal(await start(undefined, { onProgress: (n) => void told.push(n) }), 3);
  assert.deepEqual(told, [1, 2, 3]);
  assert.equal(await start(), 3, 'nobody needs to listen');
});

test('a task is iterated for what it tells, and then still has its result', async () => {
  const task = start();
  const told: number[] = [];
  for await (const n of task) told.push(n);
  assert.deepEqual(told, [1, 2, 3]);
  assert.equal(await task, 3);
});

test('the work waits for its reader, and for its callback', async () => {
  const log: string[] = [];
  for await (const n of start(log)) {
    await wait(5);
    log.push(`read ${n}`);
  }
  const expected = ['does 1', 'read 1', 'does 2', 'read 2', 'does 3', 'read 3'];
  assert.deepEqual(log, expected);
  const other: string[] = [];
  const slow = async (n: number): Promise<void> => {
    await wait(5);
    other.push(`read ${n}`);
  };
  await start(other, { onProgress: slow });
  assert.deepEqual(other, expected);
});

test('leaving the loop stops the work before it does more, and waits for its end', async () => {
  const log: string[] = [];
  let isOver = false;
  const task = startTask<number, number>(async (io) => {
    const reached = await count(log)(io);
    await wait(5);
    isOver = true;
    return reached;
  }, {});
  for await (const n of task) if (n === 2) break;
  assert.equal(isOver, true);
  assert.deepEqual(log, ['does 1', 'does 2']);
  assert.equal(await task, 2);
});

test('its signal stops a task, whether or not it is iterated', async () => {
  const controller = new AbortController();
  const stopAt = (n: number): void => void (n === 2 && controller.abort());
  assert.equal(await start(undefined, { signal: controller.signal, onProgress: stopAt }), 2);
  assert.equal(await start(undefined, { signal: controller.signal }), 0);
});

test('what is told without waiting is read in its order, also after the work is done', async () => {
  const hasty = startTask<string, number>(({ note }) => {
    for (const n of [1, 2, 3]) note(n);
    return Promise.resolve('done');
  }, {});
  const told: number[] = [];
  for await (const n of hasty) {
    await wait(2);
    told.push(n);
  }
  assert.deepEqual(told, [1, 2, 3]);
});

test('a failure comes to whoever iterates, and to whoever awaits', async () => {
  const fail = () =>
    startTask<number, number>(async ({ tell }) => {
      await tell(1);
      throw new Error('no');
    }, {});
  await assert.rejects(fail(), /no/);
  const told: number[] = [];
  await assert.rejects(async () => {
    for await (const n of fail()) told.push(n);
  }, /no/);
  assert.deepEqual(told, [1]);
  // left early, and never awaited: nothing is left unhandled
  for await (const n of fail()) if (n === 1) break;
});

test('what a reader throws stops the work, and is what is thrown', async () => {
  const log: string[] = [];
  await assert.rejects(async () => {
    for await (const n of start(log)) throw new Error(`at ${n}`);
  }, /at 1/);
  assert.deepEqual(log, ['does 1']);
  const complain = (): void => {
    throw new Error('the callback');
  };
  await assert.rejects(start(undefined, { onProgress: complain }), /the callback/);
  const noting = startTask<number, number>(
    async ({ note, signal }) => {
      note(1);
      await wait(5);
      return Number(signal.aborted);
    },
    { onProgress: complain },
  );
  await assert.rejects(noting, /the callback/);
});
