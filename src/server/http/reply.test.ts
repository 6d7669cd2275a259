import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../apis/answer.ts';
import type { JobEvent } from '../worker/engine.ts';
import type { Result } from '../worker/protocol.ts';
import { openaiEnvelope } from './http-error.ts';
import { limits } from './limits.ts';
import { reply, type ReplyContext } from './reply.ts';
import type { Service } from './service.ts';

const progress = { text: 'a', tokens: [] };
const result = { text: 'a', tokens: [], completionTokens: 1 } as unknown as Result;

/** A service whose only job reports some events, and counts what is called off. */
function fakeService(events: readonly JobEvent[], stallMs: number, clock = () => performance.now()) {
  const counts = { cancelled: 0 };
  const job = {
    events: (async function* () {
      yield* events;
    })(),
    over: Promise.resolve(),
    cancel: () => void (counts.cancelled += 1),
  };
  const service = {
    engine: { start: () => job },
    metrics: { cancelled: () => {} },
    limits: { ...limits, stallMs },
    stop: new AbortController().signal,
    clock,
    log: () => {},
  } as unknown as Service;
  return { service, counts };
}

const answer: Answer = {
  jobs: [{ model: 'a', sampling: {} } as Answer['jobs'][number]],
  choices: 1,
  stream: 'events',
  terminator: '[DONE]',
  whole: () => ({}),
  progress: (_, { text }) => [{ text }],
};

function context(isWanted = false) {
  const outcomes: Parameters<ReplyContext['finished']>[0][] = [];
  let hungUp = (): void => {};
  const how: ReplyContext = {
    envelope: openaiEnvelope,
    signal: new AbortController().signal,
    release: () => {},
    isWanted: () => isWanted,
    hangUp: () => hungUp(),
    finished: (outcome) => void outcomes.push(outcome),
  };
  return { how, outcomes, onHangUp: (act: () => void) => (hungUp = act) };
}

test('a stream that is left unread is ended once, though hanging up cancels it again', async () => {
  const { service } = fakeService(
    [
      { type: 'progress', progress },
      { type: 'done', progress, result },
      { type: 'progress', progress },
    ],
    500,
  );
  const { how, outcomes, onHangUp } = context();
  const response = await reply(service, answer, how);
  const reader = response.body!.getReader();
  onHangUp(() => void reader.cancel());
  await reader.read();
  await reader.read(); // the choice is done: its result is counted where the reply is finished
  await wait(1000);
  assert.equal(outcomes.length, 1);
  assert.match(outcomes[0].error!.message, /did not read/);
  assert.deepEqual(outcomes[0].results, [result]);
});

test('a stream that is read to its end is finished once, with its terminator', async () => {
  const { service, counts } = fakeService([{ type: 'done', progress, result }], 1000);
  const { how, outcomes } = context();
  const text = await (await reply(service, answer, how)).text();
  assert.equal(text, 'data: {"text":"a"}\n\ndata: [DONE]\n\n');
  assert.equal(outcomes.length, 1);
  assert.equal(outcomes[0].error, undefined);
  assert.equal(counts.cancelled, 1);
});

test('where others wait for its place a stream may be left unread for little time in all', async () => {
  const steps = Array.from({ length: 8 }, (): JobEvent => ({ type: 'progress', progress }));
  const readTo = async (isWanted: boolean): Promise<number> => {
    let nowMs = 0;
    const events: JobEvent[] = [...steps, { type: 'done', progress, result }];
    const { service } = fakeService(events, 1e6, () => nowMs);
    const { how, outcomes, onHangUp } = context(isWanted);
    const reader = (await reply(service, answer, how)).body!.getReader();
    onHangUp(() => void reader.cancel());
    let pieces = 0;
    for (; !(await reader.read()).done; pieces++) nowMs += 0.4 * limits.busyStallMs;
    assert.equal(outcomes.length, 1);
    assert.equal(outcomes[0].error !== undefined, isWanted);
    return pieces;
  };
  assert.equal(await readTo(false), steps.length + 2);
  assert.equal(await readTo(true), 3);
});
