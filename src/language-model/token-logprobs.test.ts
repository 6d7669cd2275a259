import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { shippedModel } from '../model-files/locate.ts';
import { load } from './load.ts';

const text = 'Once upon a time';

test('a diffusion model: together they are the likelihood of the sampler that writes from left to right', async (t) => {
  const model = await load(shippedModel);
  t.after(() => model.close());
  const tokens = model.tokenizer.encode(text);
  const { logprobs, top } = await model.tokenLogprobs({ tokens, top: 3 });
  const { nats, isBound } = await model.score({ answer: text, sampler: { strategy: 'left-to-right' } });
  const sum = logprobs.reduce((total, logprob) => total + logprob, 0);
  assert.ok(!isBound && Math.abs(sum + nats) < 1e-4 * nats, `${sum} ${nats}`);
  for (const [i, likeliest] of top.entries()) {
    assert.equal(likeliest.length, 3);
    assert.ok(likeliest.every(({ logprob }, n) => n === 0 || logprob <= likeliest[n - 1].logprob));
    const mine = likeliest.find(({ token }) => token === tokens[i]);
    if (mine) assert.equal(mine.logprob, logprobs[i]);
    else assert.ok(logprobs[i] <= likeliest[2].logprob);
  }
});

test('a causal model: the chain rule, as its score has it', async (t) => {
  const path = join(await temporaryFolder(t), 'causal');
  await writeTinyModel(path, { isCausal: true });
  const model = await load(path);
  t.after(() => model.close());
  const tokens = model.tokenizer.encode(text);
  const { logprobs } = await model.tokenLogprobs({ tokens, top: 1 });
  const first = Number.isNaN(logprobs[0]) ? 1 : 0;
  const prompt = model.tokenizer.decode(tokens.slice(0, first));
  const { nats } = await model.score({ prompt, answer: text.slice(prompt.length) });
  const sum = logprobs.subarray(first).reduce((total, logprob) => total + logprob, 0);
  assert.ok(Math.abs(sum + nats) < 1e-4 * nats, `${sum} ${nats}`);
});
