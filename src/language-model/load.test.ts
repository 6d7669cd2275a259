import assert from 'node:assert/strict';
import { readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readReference, referencePath } from '../../test/reference.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import type { Model } from './language-model.ts';
import type { Frame } from '../sampling/sample.ts';
import { leftToRight, lowConfidence, type Selection } from '../sampling/strategies.ts';
import { load } from './load.ts';

async function tinyModel(
  t: Parameters<typeof temporaryFolder>[0],
  options?: Parameters<typeof writeTinyModel>[1],
) {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory, options);
  const model = await load(directory);
  t.after(() => model.close());
  return { directory, model };
}

async function framesOf(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

/** −log p of a canvas' masked token, from the logits of all. */
function costOf({ data, shape }: Awaited<ReturnType<Model['logits']>>, row: number, target: number): number {
  const logits = data.subarray(row * shape[2], (row + 1) * shape[2]);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return Math.log(total) - logits[target];
}

test('of weights that are no numbers every verb is refused in one sentence', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const path = join(directory, 'model.safetensors');
  const bytes = await readFile(path);
  bytes.fill(0xff, bytes.length - 4096); // NaN in every type
  await writeFile(path, bytes);
  const model = await load(directory);
  t.after(() => model.close());
  const verbs = [
    () => model.generate({ prompt: 'A dog', length: 4 }),
    () => model.generate({ prompt: 'A dog', length: 4, temperature: 1 }),
    () => model.generate({ prompt: 'A dog', length: 4, cache: 'prefix' }),
    () => model.infill({ parts: ['A', { length: 2 }, 'g'] }),
    () => model.edit({ text: 'A dog' }),
    () => model.score({ answer: 'A dog' }),
    () => model.score({ answer: 'A dog', sampler: { strategy: 'low-confidence' } }),
  ];
  for (const verb of verbs)
    await assert.rejects(verb, /^UnsupportedError: the network predicts what are no numbers/);
});

test('logits are of every position, one canvas like a batch of them, and padding changes nothing', async (t) => {
  const { model } = await tinyModel(t);
  const canvas = [...model.tokenizer.encode('A dog'), model.maskId, model.maskId];
  const alone = await model.logits([canvas]);
  assert.deepEqual(alone.shape, [1, 7, model.config.vocabularySize]);
  const padded = [...canvas, model.endIds[0], model.endIds[0]];
  const both = await model.logits([padded, padded.toReversed()], {
    attentionMask: [
      [1, 1, 1, 1, 1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1, 1, 1, 1, 1],
    ],
  });
  assert.deepEqual(both.shape, [2, 9, model.config.vocabularySize]);
  for (let i = 0; i < alone.data.length; i++) assert.ok(Math.abs(alone.data[i] - both.data[i]) < 1e-5);
});

test('a mask for each query is the same as one over the keys, where they say the same', async (t) => {
  const { model } = await tinyModel(t);
  const canvas = model.tokenizer.encode('A dog');
  const keys = [1, 1, 1, 1, 0];
  const one = await model.logits([canvas], { attentionMask: [keys] });
  const all = await model.logits([canvas], { attentionMask: [canvas.map(() => keys)] });
  assert.deepEqual(one, all);
  assert.notDeepEqual(one, await model.logits([canvas]));
  const wrong = {
    name: 'InvalidOptionError',
    message: /^attentionMask: must be \[1\]\[5\] or \[1\]\[5\]\[5\]/,
  };
  await assert.rejects(model.logits([canvas], { attentionMask: [[1, 1]] }), wrong);
  await assert.rejects(model.logits([canvas, [1]]), { message: /^tokens: must be 2 rows of 5 numbers/ });
});

test('generate drains sample: same seed, same text, another seed another text', async (t) => {
  const { model } = await tinyModel(t);
  const request = { prompt: 'A dog', length: 16, steps: 4, temperature: 1, seed: 5 };
  const first = await model.generate(request);
  const frames = await framesOf(model.sample(request));
  assert.deepEqual(frames.at(-1)!.tokens, first.frame.tokens);
  assert.ok(first.text.startsWith('A dog'));
  assert.equal(first.stats.forwards, 4);
  assert.equal((await model.generate(request)).text, first.text);
  assert.notEqual((await model.generate({ ...request, seed: 6 })).text, first.text);
});

test('infill keeps the given text around its holes and writes no end token before it', async (t) => {
  const { model } = await tinyModel(t);
  const { text, tokens } = await model.infill({
    parts: ['The ', { length: 3 }, ' sat on the ', { length: 4 }, '.'],
    temperature: 1,
    seed: 1,
  });
  assert.match(text, /^The [^]{3} sat on the [^]{4}\.$/);
  assert.equal(tokens.length, 24);
  await assert.rejects(model.infill({ parts: ['all given'] }), { name: 'InvalidOptionError' });
});

test('a text grows by blocks until it ends, and no longer than is asked for or fits', async (t) => {
  const { model } = await tinyModel(t);
  const request = { prompt: 'A dog', grow: true, blockLength: 8, temperature: 1 };
  const frames = await framesOf(
    model.sample({ ...request, length: 20, stopEarly: false, endless: true, seed: 1 }),
  );
  assert.deepEqual([...new Set(frames.map(({ tokens }) => tokens.length))], [5 + 8, 5 + 16, 5 + 20]);
  const { frame, ended } = await model.generate({ ...request, endless: true, stopRepeating: false, seed: 1 });
  assert.deepEqual([frame.tokens.length, ended], [64, 'length']);
  await assert.rejects(model.generate({ tokens: [model.maskId], grow: true }), {
    message: /^grow: needs a prompt/,
  });
  await assert.rejects(model.generate({ prompt: 'A', stopRepeating: false }), {
    message: /^stopRepeating: has a use with grow alone/,
  });
});

test('a text that grows in blocks of a block-causal model is the one that is written into a canvas of its length', async (t) => {
  const { model } = await tinyModel(t);
  const blocks = { blockCausal: true, blockLength: 8, stopEarly: false, endless: true };
  // one token a step, and two steps a block; the prompt ends inside a block
  for (const more of [{ length: 20 }, { length: 20, stepsPerBlock: 2 }, { length: 2 }]) {
    const request = { prompt: 'A dog', ...blocks, ...more };
    const { tokens, stats } = await model.generate(request);
    const grown = await model.generate({ ...request, grow: true, stopRepeating: false });
    assert.deepEqual(grown.tokens, tokens);
    assert.equal(grown.stats.forwards, stats.forwards);
  }
  const frames = await framesOf(model.sample({ prompt: 'A dog', ...blocks, length: 20, grow: true }));
  assert.deepEqual([...new Set(frames.map(({ tokens }) => tokens.length))], [8, 16, 24, 25]);
});

test('a causal model fills no holes: it does not see what is behind them', async (t) => {
  const { model } = await tinyModel(t, { isCausal: true });
  const parts = ['A', { length: 2 }, 'b'];
  await assert.rejects(model.infill({ parts }), {
    name: 'UnsupportedError',
    message: /^a causal model doesn't see/,
  });
  await assert.rejects(model.edit({ text: 'A dog' }), { name: 'UnsupportedError' });
});

test('a canvas of ids is written where it has masks', async (t) => {
  const { model } = await tinyModel(t);
  const [a, b] = model.tokenizer.encode('ab');
  const { tokens } = await model.generate({ tokens: [a, model.maskId, b, model.maskId, a], endless: true });
  assert.deepEqual([tokens[0], tokens[2], tokens[4]], [a, b, a]);
  assert.ok(!tokens.includes(model.maskId));
});

test('the score of one token is its cross-entropy, exactly; that of more is a bound with an error', async (t) => {
  const { model } = await tinyModel(t);
  const [target] = model.tokenizer.encode('g');
  const canvas = [...model.tokenizer.encode('A do'), model.maskId];
  const one = await model.score({ prompt: 'A do', answer: 'g' });
  assert.ok(Math.abs(one.nats - costOf(await model.logits([canvas]), 4, target)) < 1e-5);
  assert.deepEqual([one.tokens, one.bytes, one.standardError, one.isBound], [1, 1, 0, true]);
  const more = await model.score({ answer: 'A dog ran', samples: 64, seed: 2 });
  assert.ok(more.standardError > 0 && more.standardError < more.nats / 10);
  assert.equal(more.nats, (await model.score({ answer: 'A dog ran', samples: 64, seed: 2 })).nats);
  assert.ok(Math.abs(more.bitsPerByte - more.nats / Math.LN2 / 9) < 1e-12);
});

test('a causal model scores by the chain rule, exactly, and writes from left to right', async (t) => {
  const { model } = await tinyModel(t, { isCausal: true });
  const answer = model.tokenizer.encode('dog');
  const logits = await model.logits([[model.endIds[0], ...answer.slice(0, 2)]]);
  const expected = answer.reduce((sum, token, i) => sum + costOf(logits, i, token), 0);
  const score = await model.score({ answer: 'dog' });
  assert.ok(Math.abs(score.nats - expected) < 1e-5);
  assert.deepEqual([score.standardError, score.isBound, score.forwards], [0, false, 1]);

  const frames = await framesOf(model.sample({ prompt: 'A ', length: 5, stopEarly: false }));
  assert.deepEqual(
    frames.slice(1).map(({ changed }) => changed),
    [[2], [3], [4], [5], [6]],
  );
});

test('a causal model remembers what it read, and writes the same', async (t) => {
  const { model } = await tinyModel(t, { isCausal: true });
  const request = { prompt: 'A dog', length: 20, temperature: 1, seed: 3, stopEarly: false };
  const first = await model.generate(request);
  const uncached = await model.generate({ ...request, cache: 'none' });
  assert.deepEqual(first.tokens, uncached.tokens);
  const guided = { ...request, guidance: 0.5 };
  const blind = await model.generate(guided);
  assert.notDeepEqual(blind.tokens, first.tokens);
  assert.deepEqual(blind.tokens, (await model.generate({ ...guided, cache: 'none' })).tokens);
  assert.deepEqual([first.stats.forwards, blind.stats.forwards], [20, 40]);
  await assert.rejects(model.generate({ ...request, blockLength: 4 }), {
    message: 'blockLength: must be 1, the model being causal, got 4',
  });
  await assert.rejects(model.generate({ ...request, blockCausal: true }), {
    message: 'blockCausal: is not for a causal model',
  });
});

test('a strategy of a program writes what the same one by its name does: alone, in holes, in an edit', async (t) => {
  const { model } = await tinyModel(t);
  const own: Selection = (step) => lowConfidence(step);
  const request = { prompt: 'A dog', length: 12, steps: 6, temperature: 0.7, seed: 2 };
  const parts = ['A ', { minimum: 2, maximum: 3 }, ' dog'];
  const both = await Promise.all(
    (['low-confidence', own] as const).map(async (strategy) => [
      (await model.generate({ ...request, strategy })).text,
      (await model.infill({ parts, strategy, temperature: 0.7, seed: 2 })).text,
      (await model.edit({ text: 'A dog sat.', maxChange: 1, strategy, seed: 2 })).text,
      (await framesOf(model.sample({ ...request, strategy, regex: '[a-f]+' }))).at(-1)!.tokens.join(),
    ]),
  );
  assert.deepEqual(both[1], both[0]);
  assert.notEqual((await model.generate({ ...request, strategy: leftToRight })).text, both[0][0]);
});

test('a block-causal model has an exact cache, in blocks from the beginning of the canvas', async (t) => {
  const { model } = await tinyModel(t);
  const request = {
    prompt: 'A dog',
    length: 21,
    steps: 14,
    blockCausal: true,
    blockLength: 8,
    temperature: 1,
    seed: 3,
    stopEarly: false,
  };
  for (const strategy of ['low-confidence', 'editing', 'remdm-confidence'] as const) {
    const texts = (['exact', 'none', undefined] as const).map((cache) =>
      model.generate({ ...request, strategy, cache }),
    );
    const [exact, none, byDefault] = await Promise.all(texts);
    assert.deepEqual(exact.tokens, none.tokens);
    assert.deepEqual(byDefault.tokens, none.tokens);
  }
  const frames = await framesOf(model.sample(request));
  const blocks = [0, 1, 2, 3].map((block) => frames.filter((frame) => frame.block === block));
  assert.deepEqual(
    blocks.map((list) => [...new Set(list.flatMap(({ changed }) => changed))].sort((a, b) => a - b)),
    [
      [5, 6, 7],
      [8, 9, 10, 11, 12, 13, 14, 15],
      [16, 17, 18, 19, 20, 21, 22, 23],
      [24, 25],
    ],
  );
  const bidirectional = await model.generate({ ...request, blockCausal: false });
  assert.notDeepEqual(bidirectional.tokens, (await model.generate(request)).tokens);
});

test('a cache says how far its text strays: not at all where it is exact', async (t) => {
  const { model } = await tinyModel(t);
  const request = { prompt: 'A dog', length: 24, blockLength: 8, seed: 1, stopEarly: false };
  const dual = await model.generate({ ...request, cache: 'dual', reportCache: true });
  assert.deepEqual(dual.tokens, (await model.generate({ ...request, cache: 'dual' })).tokens);
  assert.equal(dual.stats.forwards, 24, 'what is probed is not counted');
  const uncached = await model.generate(request);
  const same = [...dual.tokens.keys()].filter((i) => i >= 5 && dual.tokens[i] === uncached.tokens[i]);
  const { agreement, meanKl, probes } = dual.stats.cache!;
  assert.equal(agreement, same.length / 24);
  assert.equal(probes, 8);
  assert.ok(meanKl > 1e-6, `${meanKl}`);
  const fresh = await model.generate({ ...request, cache: 'dual', cacheRefresh: 1, reportCache: true });
  assert.equal(fresh.stats.cache!.agreement, 1);
  assert.ok(Math.abs(fresh.stats.cache!.meanKl) < 1e-6);
  assert.equal(uncached.stats.cache, undefined);
  await assert.rejects(framesOf(model.sample({ ...request, cache: 'dual', reportCache: true })), {
    message: /^reportCache: is for generate, which gives statistics/,
  });
  await assert.rejects(model.generate({ ...request, cache: 'exact' }), {
    message: /^cache: can be exact only where nothing is seen of what comes later/,
  });
});

test('a model that was trained in blocks is sampled in them', async (t) => {
  const model = await load(referencePath('llada2'));
  t.after(() => model.close());
  assert.deepEqual(model.defaults, { blockCausal: true, blockLength: 32 });
  const [prompt] = readReference<{ generate: { prompt: number[][] }[] }>('llada2').generate[0].prompt;
  const tokens = [...prompt, ...Array<number>(34).fill(model.maskId)];
  const blocks = (await framesOf(model.sample({ tokens, steps: 8, stopEarly: false }))).map(
    ({ block }) => block,
  );
  assert.deepEqual([...new Set(blocks)], [0, 1]);
  const exact = await model.generate({ tokens, steps: 8 });
  assert.deepEqual(exact.tokens, (await model.generate({ tokens, steps: 8, cache: 'none' })).tokens);
});

test('a text longer than the model is scored in pieces', async (t) => {
  const { model } = await tinyModel(t);
  const score = await model.score({ prompt: 'abcd', answer: 'x'.repeat(150), samples: 2 });
  assert.deepEqual([score.windows, score.tokens], [3, 150]); // 60 fit beside the prompt
  await assert.rejects(model.score({ prompt: 'x'.repeat(64), answer: 'y' }), {
    message: /^prompt: must have fewer tokens/,
  });
  await assert.rejects(model.score({ answer: '' }), { message: /^answer: must be text/ });
});

test('a length that was not asked for is what fits', async (t) => {
  const { model } = await tinyModel(t);
  const [first] = await framesOf(model.sample({ prompt: 'A dog', steps: 1 }));
  assert.equal(first.tokens.length, 64);
  await assert.rejects(model.generate({ prompt: 'A dog', length: 60 }), {
    message:
      'length: must keep prompt and answer within the model\'s longest sequence (64 tokens), got "65 tokens in all"',
  });
});

test("a model's own defaults hold where the request says nothing", async (t) => {
  const { model } = await tinyModel(t, { generationConfig: { unmask_sampling: { length: 6, steps: 3 } } });
  assert.equal((await framesOf(model.sample({ prompt: 'A', stopEarly: false }))).length, 4);
  assert.equal((await framesOf(model.sample({ prompt: 'A', steps: 2, stopEarly: false }))).length, 3);
});

test("so do those of its family's own sampler, unless they mean nothing beside what is asked", async (t) => {
  const { model } = await tinyModel(t, {
    generationConfig: { gen_length: 6, steps: 3, threshold: 0.5, unmask_sampling: { tau: 0.6 } },
  });
  assert.deepEqual(model.defaults, { steps: 3, length: 6, strategy: 'threshold', tau: 0.6 });
  assert.equal((await framesOf(model.sample({ prompt: 'A' })))[0].tokens.length, 7);
  // tau is for the strategy threshold, and three steps are not for five tokens
  const frames = await framesOf(
    model.sample({ prompt: 'A', strategy: 'random', length: 5, stopEarly: false }),
  );
  assert.equal(frames.length, 6);
});

test('an option that is unknown or impossible is an InvalidOptionError before anything runs', async (t) => {
  const { model } = await tinyModel(t);
  const misspelt = { prompt: 'A', blockLenght: 4 };
  await assert.rejects(model.generate(misspelt), {
    name: 'InvalidOptionError',
    message: 'blockLenght: is no option (did you mean blockLength?), got 4',
  });
  await assert.rejects(model.generate({ prompt: 'A', temperature: -1 }), {
    message: /^temperature: must be at least 0/,
  });
});

test('an abort stops between two forwards', async (t) => {
  const { model } = await tinyModel(t);
  const abort = new AbortController();
  const generation = model.generate({
    prompt: 'A',
    signal: abort.signal,
    onFrame: ({ step }) => void (step === 2 && abort.abort()),
  });
  await assert.rejects(generation, { name: 'AbortError' });
});

test('a damaged model directory is a FileError that names the file', async (t) => {
  const folder = await temporaryFolder(t);
  const cases: [name: string, damage: (directory: string) => Promise<unknown>, message: RegExp][] = [
    [
      'truncated',
      (directory) => truncate(join(directory, 'model.safetensors'), 5000),
      /model\.safetensors: expected /,
    ],
    [
      'config',
      (directory) => writeFile(join(directory, 'config.json'), '{}'),
      /config\.json: expected architectures/,
    ],
    [
      'tokenizer',
      (directory) => writeFile(join(directory, 'tokenizer.json'), '{'),
      /tokenizer\.json: expected /,
    ],
    [
      'sampling',
      (directory) => writeFile(join(directory, 'generation_config.json'), '{"unmask_sampling":{"step":2}}'),
      /generation_config\.json: expected options of sampling, found step: is no option \(did you mean steps\?\)/,
    ],
  ];
  for (const [name, damage, message] of cases) {
    const directory = join(folder, name);
    await writeTinyModel(directory);
    await damage(directory);
    await assert.rejects(load(directory), { name: 'FileError', message });
  }
  await writeFile(join(folder, 'outside.json'), '{}');
  const linked = join(folder, 'linked');
  await writeTinyModel(linked);
  await rm(join(linked, 'generation_config.json'));
  await symlink(join(folder, 'outside.json'), join(linked, 'generation_config.json'));
  await assert.rejects(load(linked), {
    name: 'FileError',
    message: /generation_config\.json: expected a file inside/,
  });
  await assert.rejects(load(join(folder, 'nowhere')), {
    name: 'FileError',
    message: /nothing there; check the path/,
  });
});

test('samples at the same time share forwards, and each writes what it writes alone', async (t) => {
  const { model } = await tinyModel(t);
  const requests = [
    { prompt: 'A dog', length: 16, steps: 8, seed: 1 },
    { prompt: 'The cat sat', length: 24, steps: 6, seed: 2 },
    { prompt: '', length: 9, temperature: 1, seed: 3 },
    { prompt: 'A', length: 16, temperature: 0.7, strategy: 'threshold', tau: 0.5, seed: 4 },
  ] as const;
  const alone: string[] = [];
  for (const request of requests) alone.push((await model.generate(request)).text);
  const together = await Promise.all(requests.map((request) => model.generate(request)));
  assert.deepEqual(
    together.map(({ text }) => text),
    alone,
  );
});
