import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromPageWorker, ToPageWorker } from './protocol.ts';
import { UnsupportedError } from '../base/errors.ts';
import { WorkerClient, type WorkerLike } from './worker-client.ts';

/** A worker that answers as a test says. */
function fakeWorker(answer: (message: ToPageWorker, tell: (message: FromPageWorker) => void) => void) {
  const listeners = new Map<string, (event: never) => void>();
  const worker: WorkerLike = {
    postMessage: (message) =>
      answer(message, (data) => queueMicrotask(() => listeners.get('message')!({ data } as never))),
    addEventListener: (type: string, listener: unknown) =>
      void listeners.set(type, listener as (event: never) => void),
    terminate: () => {},
  };
  return { worker, die: () => listeners.get('error')!({ message: 'out of memory' } as never) };
}

test('whoever watches is waited for, and may end the text', async () => {
  const sent: ToPageWorker[] = [];
  const { worker } = fakeWorker((message, tell) => {
    sent.push(message);
    if (message.type === 'call')
      tell({ type: 'report', id: message.id, report: { kind: 'frame', frame: { step: 0 } as never } });
    if (message.type === 'seen') tell({ type: 'result', id: message.id, result: 'over' });
  });
  const client = new WorkerClient(worker);
  assert.equal(await client.call('decode', { tokens: [] }, { watched: true, onReport: () => false }), 'over');
  assert.deepEqual(sent.at(-1), { type: 'seen', id: 0, goesOn: false });
});

test('a call that is called off cancels the work, and fails with the reason', async () => {
  const aborting = new AbortController();
  const { worker } = fakeWorker((message, tell) => {
    if (message.type === 'call') queueMicrotask(() => aborting.abort(new Error('enough')));
    if (message.type === 'cancel')
      tell({ type: 'error', id: message.id, error: { name: 'AbortError', message: 'aborted' } });
  });
  const client = new WorkerClient(worker);
  await assert.rejects(client.call('encode', { text: '' }, { signal: aborting.signal }), /enough/);
});

test('what a call tells after its result is heard of one that goes on', async () => {
  const tellLater: (() => void)[] = [];
  const { worker } = fakeWorker((message, tell) => {
    if (message.type !== 'call') return;
    const { id } = message;
    tell({ type: 'result', id, result: [] });
    tellLater.push(() => tell({ type: 'report', id, report: { kind: 'note', text: 'full' } }));
  });
  const client = new WorkerClient(worker);
  const heard: unknown[] = [];
  for (const goesOn of [true, false])
    await client.call(
      'encode',
      { text: '' },
      { goesOn, onReport: (report) => void heard.push([goesOn, report]) },
    );
  for (const tell of tellLater) tell();
  await new Promise(setImmediate);
  assert.deepEqual(heard, [[true, { kind: 'note', text: 'full' }]]);
});

test('when the worker dies, what waits and what comes later fail with one sentence and a way on', async () => {
  const { worker, die } = fakeWorker(() => {});
  const client = new WorkerClient(worker);
  const waiting = assert.rejects(
    client.call('encode', { text: '' }),
    /ended \(out of memory\): load the model again/,
  );
  die();
  await waiting;
  await assert.rejects(client.call('encode', { text: '' }), UnsupportedError);
});
