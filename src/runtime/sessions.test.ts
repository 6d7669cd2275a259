import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sessions } from './sessions.ts';

const fails = async (): Promise<never> => {
  throw new Error('no device');
};

test('a session is opened once for each key, and one that can not be opened is tried again', async () => {
  const sessions = new Sessions<string, { readonly key: string; close(): Promise<void> }>();
  const asked: string[] = [];
  const get = (key: string) =>
    sessions.get(key, async () => {
      asked.push(key);
      return { key, close: async () => {} };
    });
  const [first, again] = await Promise.all([get('a'), get('a')]);
  assert.equal(first, again);
  await assert.rejects(sessions.get('b', fails), /no device/);
  assert.equal((await get('b')).key, 'b');
  assert.deepEqual(asked, ['a', 'b']);
});

test('closing closes all that could be opened, whatever fails', async () => {
  const sessions = new Sessions<string, { close(): Promise<void> }>();
  const closed: string[] = [];
  const close = (key: string) => async () => {
    closed.push(key);
    if (key === 'stuck') throw new Error('is stuck');
  };
  const opened = ['a', 'stuck', 'b'].map((key) => sessions.get(key, async () => ({ close: close(key) })));
  await Promise.allSettled([...opened, sessions.get('unopened', fails)]);
  await assert.rejects(sessions.close(), /is stuck/);
  assert.deepEqual(closed, ['a', 'stuck', 'b']);
  await sessions.close(); // nothing is left
  assert.equal(closed.length, 3);
});

test('a session that is still to fail when all are closed does not make that fail', async () => {
  const sessions = new Sessions<string, { close(): Promise<void> }>();
  const opening = sessions.get('a', fails);
  await Promise.all([assert.rejects(opening, /no device/), sessions.close()]);
});
