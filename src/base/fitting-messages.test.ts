import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittingMessages } from './fitting-messages.ts';

/** A system prompt, turns of a question and an answer, and a question: ten tokens each. */
const conversation = (turns: number) => [
  { role: 'system', content: 'system' },
  ...Array.from({ length: 2 * turns + 1 }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: String(i),
  })),
];
const tenEach = (messages: readonly object[]): number => 10 * messages.length;

test('the fewest of the oldest turns go, whatever there is room for', async () => {
  for (let turns = 0; turns < 9; turns++)
    for (let most = 0; most <= 10 * (2 * turns + 2); most += 5) {
      const all = conversation(turns);
      const { messages, dropped, tokens } = await fittingMessages(all, tenEach, most);
      // two messages are ten tokens each, too; one turn of them stays at least
      const needed = Math.min(turns, Math.ceil(Math.max(0, tenEach(all) - most) / 20));
      assert.equal(dropped, 2 * needed);
      assert.deepEqual(messages, [all[0], ...all.slice(1 + dropped)]);
      assert.equal(tokens, tenEach(messages));
    }
});

test('what is left begins with what a person said, and it is found by halving', async () => {
  const roles = ['user', 'assistant', 'tool', 'tool', 'assistant', 'user'];
  const all = roles.map((role, i) => ({ role, content: String(i) }));
  const { messages, dropped } = await fittingMessages(all, async (some) => some.length, 5);
  assert.deepEqual([messages.map(({ role }) => role), dropped], [['user'], 5]);
  let counted = 0;
  await fittingMessages(conversation(500), (some) => (counted++, some.length), 20);
  assert.ok(counted <= 11, `${counted} counts`);
});
