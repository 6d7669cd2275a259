import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { asker, eventsIn, type Json, startFakeServer } from '../../../test/fake-server.ts';

const prompt = 'Once upon a time';
const answer = ' there was a dog. It ran to the sea.';
/** The fake model gives what it doesn't know between 1e-5 and 4e-3, what it knows at least 0.03. */
const draft = { text: answer.replace('dog', 'cat'), threshold: 0.01, stretch: 0 };
const knowing = { story: () => modelThatKnows(prompt + answer, () => {}, {}) };

test('of a draft what the model doubts behind the prompt is written anew, all else stays', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const refined = async (path: string, body: object) => {
    const response = await ask(path, { body });
    const said = (await response.json()) as Json;
    assert.equal(response.status, 200, JSON.stringify(said));
    return said;
  };
  const { choices, usage } = await refined('/v1/completions', { prompt, draft, seed: 1 });
  assert.deepEqual([choices[0].text, choices[0].finish_reason], [answer, 'stop']);
  assert.equal(usage.completion_tokens, 3);
  // what may change is less than the word
  const few = { ...draft, maxChange: 0.05 };
  assert.equal((await refined('/v1/completions', { prompt, draft: few })).choices[0].text, draft.text);
  const messages = [{ role: 'user', content: prompt }];
  const said = await refined('/v1/chat/completions', { messages, draft, max_tokens: 9 });
  assert.deepEqual(said.unmask.ignored, ['max_tokens']);
  assert.equal(said.choices[0].message.content, answer);

  for (const diffusion of [false, true]) {
    const body = { prompt, draft, seed: 1, stream: true, diffusion };
    const events = eventsIn(await (await ask('/v1/completions', { body })).text()).slice(0, -1);
    assert.equal(events.map((event) => event.choices[0].text).join(''), answer);
    assert.equal(
      events.some((event) => event.diffusion),
      diffusion,
    );
  }
});

test('beside a draft nothing is asked for that has no meaning there', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  for (const [more, problem] of [
    [{ suffix: 'x' }, /suffix/],
    [{ n: 2 }, /n: has no meaning for a draft/],
    [{ logprobs: 1 }, /logprobs: has no meaning/],
    [{ grammar: 'root ::= "a"' }, /grammar/],
    [{ length: 5 }, /length: has no meaning/],
    [{ prompt: ['a', 'b'] }, /draft: needs one prompt/],
    [{ prompt: [65] }, /prompt: must be a text/],
    [{ draft: '' }, /draft/],
  ] as const) {
    const response = await ask('/v1/completions', { body: { prompt, draft, ...more } });
    const { error } = (await response.json()) as Json;
    assert.equal(response.status, 400, JSON.stringify(more));
    assert.match(error.message, problem);
  }
});
