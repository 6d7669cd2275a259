import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, modelThatKnows } from '../../../test/fake-model.ts';
import { asker, type Json, startFakeServer } from '../../../test/fake-server.ts';

const story = 'Once upon a time';
const knowing = { story: () => modelThatKnows(story, () => {}, {}) };

test('a prompt is said again with what each of its tokens was, as evaluation harnesses ask for it', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const given = ['Once', 'Ouch'];
  const body = {
    prompt: given.map((text) => byteTokenizer.encode(text)),
    echo: true,
    logprobs: 1,
    max_tokens: 1,
    seed: 1,
  };
  const { choices, usage, unmask } = (await (await ask('/v1/completions', { body })).json()) as Json;
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [8, 2]);
  assert.match(unmask.likelihood, /left-to-right/);
  assert.deepEqual(
    choices.map(({ text }: Json) => text),
    given.map((text) => `${text} `),
  );
  for (const [n, { logprobs }] of choices.entries()) {
    assert.deepEqual([logprobs.tokens.join(''), logprobs.text_offset], [`${given[n]} `, [0, 1, 2, 3, 4]]);
    for (const [i, logprob] of logprobs.token_logprobs.slice(0, 4).entries()) {
      // by hand: the model's logit of what it knows, against 257 others of 0 less the forbidden mask
      const logit = 12 - (10 * i) / story.length;
      const total = Math.log(Math.exp(logit) + 256);
      const isKnown = given[n][i] === story[i];
      assert.ok(Math.abs(logprob - ((isKnown ? logit : 0) - total)) < 1e-4);
      const [[text, best]] = Object.entries(logprobs.top_logprobs[i]);
      assert.deepEqual([text, logprob === best], [story[i], isKnown]);
    }
  }
});

test('a token behind a prompt that is said again is told of even where the text ends with it', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = { prompt: story, echo: true, logprobs: 1, max_tokens: 1, seed: 1 };
  const { choices } = (await (await ask('/v1/completions', { body })).json()) as Json;
  const [{ text, logprobs }] = choices;
  assert.deepEqual([text, logprobs.tokens.join('')], [story, story]);
  assert.deepEqual(
    [logprobs.tokens.length, logprobs.token_logprobs.length, logprobs.text_offset.at(-1)],
    Array(3)
      .fill(story.length + 1)
      .with(2, story.length),
  );
});

test('several prompts are several texts; nothing is written where no tokens are asked for', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const textsOf = async (more: object): Promise<string[]> => {
    const response = await ask('/v1/completions', { body: { max_tokens: 5, ...more } });
    const whole = (await response.json()) as Json;
    assert.equal(response.status, 200, JSON.stringify(whole));
    return whole.choices.map(({ text }: Json) => text);
  };
  assert.deepEqual(await textsOf({ prompt: ['Once', 'Once upon'], n: 2 }), [
    ' upon',
    ' upon',
    ' a ti',
    ' a ti',
  ]);
  assert.deepEqual(await textsOf({ prompt: byteTokenizer.encode('Once') }), [' upon']);
  assert.deepEqual(await textsOf({ prompt: 'Once', echo: true, max_tokens: 0 }), ['Once']);
  assert.deepEqual(await textsOf({ prompt: 'Once', max_tokens: 0 }), ['']);
  for (const mistake of [
    { prompt: [[1e6]] },
    { prompt: ['a', 'b'], suffix: 'c' },
    { prompt: Array(65).fill('a') },
  ])
    assert.equal((await ask('/v1/completions', { body: mistake })).status, 400);
});

test('what tokens were chosen from is told with them', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const body = {
    messages: [{ role: 'user', content: 'Once' }],
    max_tokens: 3,
    logprobs: true,
    top_logprobs: 2,
  };
  const { choices } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
  for (const { token, logprob, top_logprobs } of choices[0].logprobs.content) {
    assert.equal(top_logprobs.length, 2);
    assert.deepEqual([top_logprobs[0].token, top_logprobs[0].logprob], [token, top_logprobs[0].logprob]);
    assert.ok(Math.abs(top_logprobs[0].logprob - logprob) < 1e-6);
  }
});
