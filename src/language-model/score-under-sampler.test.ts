import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import type { Model } from './language-model.ts';
import { load } from './load.ts';

async function tinyModel(t: TestContext, options?: Parameters<typeof writeTinyModel>[1]): Promise<Model> {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory, options);
  const model = await load(directory);
  t.after(() => model.close());
  return model;
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-4, `${actual}, not ${expected}`);

/** −log softmax of the last logits' row for a token that may be written; [MASK] may not. */
async function costOf(model: Model, canvas: readonly number[], row: number, target: number): Promise<number> {
  const { data, shape } = await model.logits([canvas]);
  const logits = data.slice(row * shape[2], row * shape[2] + model.tokenizer.vocabularySize);
  logits[model.maskId] = -Infinity;
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[target];
}

test('left to right is the chain rule, with every token behind masked; in blocks of one and by the strategy alike', async (t) => {
  const model = await tinyModel(t);
  const given = model.tokenizer.encode('A ');
  const answer = model.tokenizer.encode('dog ran');
  let expected = 0;
  for (const [k, token] of answer.entries()) {
    const canvas = [...given, ...answer.map((id, i) => (i < k ? id : model.maskId))];
    expected += await costOf(model, canvas, given.length + k, token);
  }
  const request = { prompt: 'A ', answer: 'dog ran' };
  for (const sampler of [{ blockLength: 1 }, { strategy: 'left-to-right' as const }]) {
    const score = await model.score({ ...request, sampler });
    near(score.nats, expected);
    assert.deepEqual([score.isBound, score.standardError, score.forwards], [false, 0, 7]);
    near(score.natsPerToken * 7, score.nats);
  }
});

test('several tokens a step take fewer forwards; a cache and guidance have a part in it', async (t) => {
  const model = await tinyModel(t);
  const scored = (sampler: object) => model.score({ prompt: 'The c', answer: 'at sat on a mat', sampler });
  assert.equal((await scored({ tokensPerStep: 4, blockLength: 8 })).forwards, 2 + 2);
  const all = await Promise.all(
    [{}, { cache: 'dual', blockLength: 4 }, { blockLength: 4 }, { guidance: 1 }, { temperature: 0.5 }].map(
      scored,
    ),
  );
  assert.equal(new Set(all.map(({ nats }) => nats)).size, all.length);
});

test('of a causal model it is the chain rule, but for what no sampler writes', async (t) => {
  const model = await tinyModel(t, { isCausal: true });
  const request = { prompt: 'A ', answer: 'dog ran away' };
  const ids = model.tokenizer.encode('A dog ran away');
  let expected = 0;
  for (let i = 2; i < ids.length; i++)
    expected += await costOf(model, [model.endIds[0], ...ids.slice(0, i)], i, ids[i]);
  const under = await model.score({ ...request, sampler: {} });
  near(under.nats, expected);
  assert.equal(under.isBound, false);
  assert.ok(under.nats < (await model.score(request)).nats, 'which also allows [MASK]');
  await assert.rejects(model.score({ ...request, sampler: { tokensPerStep: 2 } }), {
    message: /^tokensPerStep: must be 1, the model being causal/,
  });
});

test('where chance chooses positions it is a bound with an error, the same for the same seed', async (t) => {
  const model = await tinyModel(t);
  const request = { answer: 'A dog ran', sampler: { strategy: 'random' as const }, samples: 5, seed: 3 };
  const score = await model.score(request);
  assert.ok(score.isBound && score.standardError > 0);
  assert.equal(score.forwards, 5 * 9);
  assert.equal((await model.score(request)).nats, score.nats);
});

test('a long text is scored in windows, and what has no likelihood is refused', async (t) => {
  const model = await tinyModel(t);
  const shares: number[] = [];
  const { windows, tokens } = await model.score({
    answer: 'x'.repeat(100),
    sampler: { blockLength: 50, tokensPerStep: 10 },
    onProgress: (share) => shares.push(share),
  });
  assert.deepEqual([windows, tokens, shares.at(-1)], [2, 100, 1]);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  const rejects = (sampler: object, message: RegExp) =>
    assert.rejects(model.score({ answer: 'A', sampler }), { name: 'InvalidOptionError', message });
  await rejects({ strategy: 'editing' }, /^strategy: must be one that never changes what it wrote/);
  await rejects({ tau: 0.5 }, /^tau: is for the strategies/);
  await rejects({ temperature: 0 }, /^temperature/);
  await rejects({ topK: 2 }, /topK/);
});
