import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  branchesOf,
  type Conversation,
  conversationsFrom,
  emptyConversation,
  messagesOf,
  pathOf,
  returnedCalls,
  titleOf,
  fileNameOf,
  toolsOf,
  withBranch,
  withTurn,
} from './conversation.ts';

const said = (conversation: Conversation): string =>
  pathOf(conversation)
    .map(({ text }) => text)
    .join(' ');

test('a branch leaves the others as they were, and each can be gone back to', () => {
  let talk = emptyConversation('a');
  talk = withTurn(talk, null, 'user', 'Hi.');
  talk = withTurn(talk, 0, 'assistant', 'Hello.');
  talk = withTurn(talk, 1, 'user', 'How are you?');
  talk = withTurn(talk, 2, 'assistant', 'Fine.');
  const again = withTurn(talk, 0, 'assistant', 'Good day.');
  assert.equal(said(talk), 'Hi. Hello. How are you? Fine.');
  assert.equal(said(again), 'Hi. Good day.');
  const answers = branchesOf(again, pathOf(again)[1]);
  assert.deepEqual(
    answers.map(({ text }) => text),
    ['Hello.', 'Good day.'],
  );
  assert.equal(said(withBranch(again, answers[0])), 'Hi. Hello. How are you? Fine.');
  const elsewhere = withTurn(again, null, 'user', 'Bye.');
  assert.equal(said(elsewhere), 'Bye.');
  assert.equal(branchesOf(elsewhere, pathOf(elsewhere)[0]).length, 2);
});

test('a server is sent the branch that is seen, behind the system prompt', () => {
  const talk = withTurn({ ...emptyConversation('a'), system: ' Be kind. ' }, null, 'user', 'Hi.');
  assert.deepEqual(messagesOf(talk), [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi.' },
  ]);
  assert.equal(titleOf(talk), 'Hi.');
  assert.equal(titleOf(emptyConversation('b')), 'New conversation');
});

test('a call is sent as the server has it, and what it returned says which call it answers', () => {
  let talk = withTurn(emptyConversation('a'), null, 'user', 'Weather?');
  talk = withTurn(talk, 0, 'assistant', '', {
    calls: [{ id: 'c1', name: 'weather', json: '{"city":"Rome"}' }],
    model: 'talk',
  });
  talk = withTurn(talk, 1, 'tool', 'sunny');
  assert.deepEqual(messagesOf(talk).slice(1), [
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
      ],
    },
    { role: 'tool', content: 'sunny', tool_call_id: 'c1' },
  ]);
  assert.deepEqual(conversationsFrom(JSON.stringify([talk])), [talk]);
  const tool = { type: 'function', function: { name: 'weather' } };
  assert.deepEqual(toolsOf({ tools: '{"name":"weather"}' }), [tool]);
  assert.deepEqual(toolsOf({ tools: JSON.stringify([tool]) }), [tool]);
  assert.deepEqual(toolsOf({}), []);
  for (const tools of ['{', '3', '[1]', 'null']) assert.throws(() => toolsOf({ tools }), /must be JSON/);
});

test('of an answer with several calls each has what it returned, in their order', () => {
  const calls = ['c1', 'c2'].map((id) => ({ id, name: 'weather', json: '{}' }));
  let talk = withTurn(emptyConversation('a'), null, 'user', 'Weather?');
  talk = withTurn(talk, 0, 'assistant', '', { calls });
  for (const text of ['sunny', 'rain', 'too much']) talk = withTurn(talk, talk.leaf, 'tool', text);
  const returned = messagesOf(talk).filter(({ role }) => role === 'tool');
  assert.deepEqual(
    returned.map(({ content, tool_call_id }) => [content, tool_call_id]),
    [
      ['sunny', 'c1'],
      ['rain', 'c2'],
      ['too much', ''],
    ],
  );
  assert.deepEqual(
    [...returnedCalls(pathOf(talk))],
    [
      [2, calls[0]],
      [3, calls[1]],
    ],
  );
});

test('what was kept comes back; what is no conversation does not', () => {
  const talk = withTurn(emptyConversation('a'), null, 'user', 'Hi.');
  const named = { ...talk, title: 'Greetings' };
  assert.equal(titleOf(named), 'Greetings');
  assert.equal(fileNameOf({ ...talk, title: '../Tell: “ein Märchen” / 2?' }), 'Tell ein Märchen 2.jsonl');
  assert.equal(fileNameOf({ ...talk, title: '…' }), 'conversation.jsonl');
  assert.deepEqual(conversationsFrom(JSON.stringify([talk, named])), [talk, named]);
  assert.deepEqual(conversationsFrom(JSON.stringify([{ ...talk, title: 1 }])), []);
  const ring = { ...talk, turns: [{ id: 0, parent: 0, role: 'user', text: 'Hi.' }] };
  assert.deepEqual(conversationsFrom(JSON.stringify([ring, 3, null, { id: 'x' }])), []);
  for (const text of [null, '', '{', '{}']) assert.deepEqual(conversationsFrom(text), []);
});
