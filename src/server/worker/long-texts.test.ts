import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { Constraint } from '../../sampling/constraint/compile-constraint.ts';
import { AsideError, type AsidePort, type AsideReply } from './aside-threads.ts';
import {
  type ConstraintRequest,
  constraintsOf,
  isLong,
  type LongTextRequest,
  longTextsOf,
} from './long-texts.ts';
import type { Result } from './protocol.ts';
import { nothingWritten } from './reading-jobs.ts';

/** A thread that says how many characters a text has, never reads one that hangs, and fails at one that is bad. */
function fakeThreads() {
  const threads = { opened: 0, ended: 0 };
  const open = (): AsidePort<LongTextRequest, Result> => {
    threads.opened += 1;
    const events = new EventEmitter();
    const answers: Record<string, AsideReply<Result> | undefined> = {
      bad: { failure: { kind: 'request', message: 'prompt: is bad', option: 'prompt' } },
      hang: undefined,
    };
    return Object.assign(events, {
      postMessage({ task: { text = '' } }: LongTextRequest) {
        const reply =
          text in answers ? answers[text] : { result: { ...nothingWritten, promptTokens: text.length } };
        if (reply) setImmediate(() => events.emit('message', reply));
      },
      terminate: () => void (threads.ended += 1),
      unref: () => {},
    });
  };
  return { threads, open };
}

const request = (text: string): LongTextRequest => ({
  path: 'm',
  task: { kind: 'tokens', text },
  isCount: true,
});

test('long texts are read one after the other; one that takes too long ends the thread and is named, the others are read by the next', async () => {
  const { threads, open } = fakeThreads();
  const texts = longTextsOf({ open, limitMs: 1000 });
  const { signal } = new AbortController();
  const [first, bad, hanging, last] = await Promise.allSettled(
    ['abc', 'bad', 'hang', 'abcd'].map((text) => texts.ask(request(text), signal)),
  );
  assert.equal(first.status === 'fulfilled' && first.value.promptTokens, 3);
  assert.ok(bad.status === 'rejected' && bad.reason instanceof AsideError);
  assert.ok(
    hanging.status === 'rejected' && /^prompt: must be text that .* read in/.test(hanging.reason.message),
  );
  assert.equal(last.status === 'fulfilled' && last.value.promptTokens, 4);
  assert.deepEqual(threads, { opened: 2, ended: 1 });
});

test('a text is long by what is said in all', () => {
  const turn = { role: 'user', content: 'x'.repeat(9000) } as const;
  assert.equal(isLong({ kind: 'tokens', text: 'x'.repeat(16_384) }), false);
  assert.equal(isLong({ kind: 'tokens', text: 'x'.repeat(16_385) }), true);
  assert.equal(isLong({ kind: 'tokens', turns: [turn] }), false);
  assert.equal(isLong({ kind: 'tokens', turns: [turn, turn] }), true);
});

test('a constraint that takes too long is refused by name, and ends its thread', async () => {
  const threads = { opened: 0, ended: 0 };
  const open = () => {
    threads.opened += 1;
    return Object.assign(new EventEmitter(), {
      postMessage: () => {},
      terminate: () => void (threads.ended += 1),
      unref: () => {},
    }) as AsidePort<ConstraintRequest, Constraint>;
  };
  const constraints = constraintsOf({ open, limitMs: 20 });
  const wanted = { regex: '(a{1,9}){1,9}', size: 8, forbidden: [], ends: [] };
  await assert.rejects(
    constraints.ask({ path: 'm', wanted }),
    /^UnsupportedError: the constraint takes more/,
  );
  assert.deepEqual(threads, { opened: 1, ended: 1 });
});

test('what a thread knows of a model is forgotten between two questions', async () => {
  const { threads, open } = fakeThreads();
  const texts = longTextsOf({ open });
  const first = texts.ask(request('abc'));
  texts.forget();
  assert.equal((await first).promptTokens, 3);
  assert.equal((await texts.ask(request('ab'))).promptTokens, 2);
  assert.deepEqual(threads, { opened: 2, ended: 1 });
});
