import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferenceIn } from './preference-rows.ts';

const user = { role: 'user', content: 'Hi' };
const says = (content: unknown) => ({ role: 'assistant', content });

test('what is no pair of answers has a reason', () => {
  const cases: [unknown, string][] = [
    [[1], 'no conversation'],
    [{ prompt: 'Hi', answer: 'Hello' }, 'no pair but a conversation'],
    [{ messages: [user, says('Hello')] }, 'no pair but a conversation'],
    [{ messages: [user] }, 'no chosen answer'],
    [{ prompt: 'Hi', chosen: 'Hello' }, 'no rejected answer'],
    [{ prompt: 'Hi', chosen: 'Hello', rejected: null }, 'no rejected answer'],
    [{ chosen: 'Hello', rejected: 'Go' }, 'no conversation'],
    [{ chosen: [says('Hello')], rejected: [says('Go')] }, 'no conversation'],
    [{ prompt: 'Hi', chosen: 'Hello', rejected: 'Hello' }, 'equal answers'],
    [{ messages: [user], chosen: says('a\r\nb'), rejected: says('a\nb') }, 'equal answers'],
    [{ prompt: 'Hi', chosen: 'Hello', rejected: ' ' }, 'empty'],
    [{ prompt: 'Hi', chosen: 'Hello', rejected: 4 }, 'not a text'],
    [{ prompt: 'Hi', chosen: [], rejected: [] }, 'no conversation'],
    [{ prompt: 'Hi', chosen: [says('a'), says('b')], rejected: [says('a'), says('c')] }, 'no conversation'],
    [
      { prompt: [user], chosen: [says('a'), user, says('b')], rejected: [says('c')] },
      'answers to different questions',
    ],
    [{ messages: [user], chosen: says('a'), rejected: says(undefined) }, 'not a text'],
    [{ messages: [user], chosen: { role: 'robot', content: 'a' }, rejected: says('b') }, 'unknown role'],
    [{ messages: [user, says('a')], chosen: user, rejected: says('x') }, 'no answer'],
    [
      { chosen: [user, says('a')], rejected: [{ ...user, content: 'Yo' }, says('b')] },
      'answers to different questions',
    ],
    [
      { chosen: [user, says('a')], rejected: [user, says('a'), user, says('b')] },
      'answers to different questions',
    ],
  ];
  for (const [row, reason] of cases) assert.equal(preferenceIn(row), reason, JSON.stringify(row));
});

test("OpenAI's rows of preferences are pairs", () => {
  const row = {
    input: { messages: [user], tools: [], parallel_tool_calls: true },
    preferred_output: [says('Hello')],
    non_preferred_output: [says('Go')],
  };
  const pair = preferenceIn({ messages: [user], chosen: says('Hello'), rejected: says('Go') });
  assert.deepEqual(preferenceIn(row), pair);
  assert.equal(preferenceIn({ ...row, non_preferred_output: null }), 'no rejected answer');
});
