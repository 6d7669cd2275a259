import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyAnswer } from './exchanges.ts';
import { conversationIn } from './dialogues.ts';

const user = { role: 'user', content: 'Hi' };
const says = (content: unknown, more: object = {}) => ({ role: 'assistant', content, ...more });
const call = { type: 'function', function: { name: 'add', arguments: { a: 1 } } };
const called = says('', { tool_calls: [call] });

/** What is learned of a row, or why nothing is. */
const learned = (row: unknown): unknown => {
  const read = everyAnswer.exchangesIn(row);
  return typeof read === 'string'
    ? read
    : read.map(({ before, answers }) => [before.length, answers[0].content]);
};

test('an answer of weight 0 is read and not learned, by whichever name its data say so', () => {
  for (const no of [
    { weight: 0 },
    { train: false },
    { training: false },
    { loss: false },
    { loss_scale: 0 },
    { weight: 0, train: true },
  ]) {
    const row = { messages: [user, says('SECRET', no), user, says('ok', { weight: 1 })] };
    assert.deepEqual(learned(row), [[3, 'ok']], JSON.stringify(no));
    assert.equal(everyAnswer.unlearnedIn(row), 1);
    assert.equal(learned({ messages: [user, says('SECRET', no)] }), 'nothing of weight 1');
  }
  const detail = [{ begin_offset: 0, end_offset: 2, train: false }];
  for (const part of [{ train_detail: detail }, { loss_scale: 0.3 }])
    assert.equal(learned({ messages: [user, says('a', part)] }), 'a weight other than 0 and 1');
  assert.deepEqual(learned({ messages: [user, says('a', { weight: null }), user, says('b')] }), [
    [1, 'a'],
    [3, 'b'],
  ]);
  assert.equal(learned({ messages: [user, says('a', { weight: 0.5 })] }), 'a weight other than 0 and 1');
  assert.equal(learned({ weight: 0, prompt: 'Hi', answer: 'a' }), 'nothing of weight 1');
  assert.equal(learned({ weight: 2, prompt: 'Hi', answer: 'a' }), 'a weight other than 0 and 1');
});

test('an answer that KTO data call a bad one is not learned', () => {
  for (const no of [{ label: false }, { kto_tag: false }])
    for (const row of [{ prompt: 'Hi', completion: 'Go' }, { messages: [user, says('Go')] }])
      assert.equal(learned({ ...row, ...no }), 'an answer labelled as bad');
});

test('every usual form of a message is one form', () => {
  const parts = [
    { type: 'text', text: 'Hel' },
    { type: 'text', text: 'lo' },
  ];
  const plain = conversationIn({ messages: [user, says('Hello')] });
  for (const row of [
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }, says(parts)] },
    [user, says('Hello')],
    {
      conversations: [
        { from: 'human', value: 'Hi' },
        { from: 'gpt', value: 'Hello' },
      ],
    },
    {
      conversations: [
        { from: 'user', value: 'Hi' },
        { from: 'bard', value: 'Hello', weight: 1 },
      ],
    },
    { prompt: [user], completion: [says('Hello')] },
    { prompt: [user], completion: 'Hello', label: true },
    { prompt: 'Hi', completion: says(parts).content },
    { query: 'Hi', response: 'Hello' },
    { input: 'Hi', output: 'Hello' },
    { instruction: 'Hi', output: 'Hello', input: null, history: null },
    { messages: [user, says('Hello')], tools: [] },
    { messages: [user, says('Hello', { tool_calls: null })], tools: null },
  ])
    assert.deepEqual(conversationIn(row), plain, JSON.stringify(row));
  assert.deepEqual(learned({ messages: [{ role: 'system', content: '' }, user, says('a')] }), [[2, 'a']]);
});

test('calls of tools are answers, from every form that data have for them', () => {
  const result = { role: 'tool', content: '3' };
  const tools = [{ type: 'function', function: { name: 'add' } }];
  const expected = {
    messages: [user, called, result, says('It is 3')],
    learned: [true, true, true, true],
    tools,
  };
  const text = '{"name": "add", "arguments": {"a": 1}}';
  for (const row of [
    expected,
    { ...expected, messages: [user, { ...called, content: null }, result, says('It is 3')] },
    {
      tools,
      messages: [
        user,
        says(undefined, { tool_calls: [{ function: { name: 'add', arguments: '{"a": 1}' } }] }),
        result,
        says('It is 3'),
      ],
    },
    {
      functions: [{ name: 'add' }],
      messages: [
        user,
        says(null, { function_call: { name: 'add', arguments: '{"a": 1}' } }),
        { role: 'function', content: '3' },
        says('It is 3'),
      ],
    },
    {
      tools: '[{"name": "add"}]',
      conversations: [
        { from: 'human', value: 'Hi' },
        { from: 'function_call', value: text },
        { from: 'observation', value: '3' },
        { from: 'gpt', value: 'It is 3' },
      ],
    },
  ])
    assert.deepEqual(conversationIn(row), expected, JSON.stringify(row));
  const reasons: [unknown, string][] = [
    [
      {
        conversations: [
          { from: 'human', value: 'Hi' },
          { from: 'function_call', value: 'add(1)' },
        ],
      },
      'not a tool call',
    ],
    [{ messages: [user, says(null, { tool_calls: [{ id: 'x' }] })] }, 'not a tool call'],
    [{ messages: [user, says(null)] }, 'not a text'],
    [{ messages: [user, says([{ type: 'image_url', image_url: {} }])] }, 'not a text'],
    [{ messages: [user, says('')] }, 'empty'],
    [{ messages: [{ role: 'user', content: '' }, says('a')] }, 'empty'],
    [{ messages: [user, says('a')], tools: 'add' }, 'not a list of tools'],
    [{ messages: [user, { role: 'robot', content: 'a' }] }, 'unknown role'],
    [[user], 'no answer'],
    [[1], 'no conversation'],
    [[], 'no answer'],
  ];
  for (const [row, reason] of reasons) assert.equal(conversationIn(row), reason, JSON.stringify(row));
});
