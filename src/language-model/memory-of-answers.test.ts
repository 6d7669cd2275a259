import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withMemory, withSharedMemory } from './memory-of-answers.ts';

test('the last answers are remembered, by what was asked', () => {
  const asked: string[] = [];
  const upper = withMemory(({ text }: { text: string }) => {
    asked.push(text);
    return text.toUpperCase();
  }, 2);
  assert.deepEqual(
    ['a', 'a', 'b', 'a', 'c', 'a', 'b'].map((text) => upper({ text })),
    ['A', 'A', 'B', 'A', 'C', 'A', 'B'],
  );
  assert.deepEqual(asked, ['a', 'b', 'c', 'b']);
});

test('those who ask the same wait for one answer, which goes on as long as one of them is there', async () => {
  const begun: AbortSignal[] = [];
  let answer: (text: string) => void = () => {};
  const ask = withSharedMemory((_: string, signal) => {
    begun.push(signal);
    return new Promise<string>((resolve, reject) => {
      answer = resolve;
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }, 2);
  const [one, other] = [new AbortController(), new AbortController()];
  const answers = [ask('q', one.signal), ask('q', other.signal)].map((promise) => promise.catch(String));
  one.abort(new Error('gone'));
  assert.equal(await answers[0], 'Error: gone');
  assert.equal(begun[0].aborted, false);
  answer('yes');
  assert.equal(await answers[1], 'yes');
  assert.deepEqual([await ask('q'), begun.length], ['yes', 1]);

  const [third, fourth] = [new AbortController(), new AbortController()];
  const both = [ask('r', third.signal), ask('r', fourth.signal)].map((promise) => promise.catch(String));
  third.abort(new Error('gone'));
  fourth.abort(new Error('gone, too'));
  assert.deepEqual(await Promise.all(both), ['Error: gone', 'Error: gone, too']);
  assert.equal(begun[1].aborted, true);
  const again = ask('r');
  assert.equal(begun.length, 3);
  answer('now');
  assert.equal(await again, 'now');
});

test('what failed is tried again', async () => {
  let tries = 0;
  const ask = withSharedMemory(() => {
    tries += 1;
    if (tries === 1) throw new Error('no');
    return tries;
  }, 2);
  await assert.rejects(ask('q'), /no/);
  assert.deepEqual([await ask('q'), await ask('q')], [2, 2]);
});
