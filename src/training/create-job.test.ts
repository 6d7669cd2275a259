import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readLogRows } from './run/json-log.ts';
import type { TrainingRequest } from './options.ts';
import { runTraining } from './run/run.ts';
import { testRunIo } from '../../test/run-io.ts';
import { inspectModel } from '../model-files/inspect-model.ts';
import { createTrainingJob } from './create-job.ts';
import { directoryInFormat } from '../model-files/quantised-copy.ts';
import { load } from '../language-model/load.ts';

const scratch = await mkdtemp(join(tmpdir(), 'unmask-job-'));
after(() => rm(scratch, { recursive: true }));
const text = join(scratch, 'text.jsonl');
const stories = Array.from(
  { length: 60 },
  (_, i) => `A cat sat on the mat. Then it ran ${'away '.repeat(1 + (i % 4))}home.`,
);
await writeFile(text, stories.map((story) => `${JSON.stringify({ text: story })}\n`).join(''));

const quiet = testRunIo();

const small: TrainingRequest = {
  data: [text],
  tokenizer: 'characters',
  packing: 'stream',
  layers: 1,
  width: 32,
  heads: 2,
  hidden: 64,
  length: 32,
  batch: 8,
  steps: 150,
  learningRate: 1e-2,
  warmup: 5,
  threads: 1,
  validationEvery: 150,
  sampleEvery: 150,
  checkpointEvery: 150,
};

async function trained(
  name: string,
  request: TrainingRequest,
): Promise<{ out: string; losses: number[]; nats: number }> {
  const out = join(scratch, name);
  const { finished } = await runTraining({ ...request, out }, createTrainingJob, quiet);
  assert.equal(finished, true);
  const rows = readLogRows(join(out, 'metrics.jsonl'));
  const losses = rows.filter(({ kind }) => kind === 'step').map(({ loss }) => Number(loss));
  return { out, losses, nats: Number(rows.at(-1)!['natsPerToken']) };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('masked diffusion learns a small text: loss and bound fall below that of a uniform guess, and the run can be loaded', async () => {
  const { out, losses, nats } = await trained('diffusion', small);
  const model = await load(out);
  try {
    const uniform = Math.log(model.config.vocabularySize);
    assert.ok(Math.abs(losses[0] - uniform) < 0.8, `${losses[0]} is not near ${uniform}`);
    assert.ok(mean(losses.slice(-10)) < 0.85 * uniform);
    assert.ok(nats < 0.85 * uniform);
    const { tokens } = await model.generate({ length: 16, seed: 1 });
    assert.ok(!tokens.includes(model.maskId));
    // what was exported is what was validated
    const score = await model.score({ answer: stories[0].slice(0, 31), samples: 8, seed: 0 });
    assert.ok(score.natsPerToken < uniform);
  } finally {
    await model.close();
  }
});

/** A causal model of the same text, for all who begin with one. */
const causal = await trained('causal', { ...small, objective: 'autoregressive' });

test('a causal model of the same text pays less than the bound of masked diffusion, and writes', async () => {
  const { out, nats } = causal;
  assert.ok(nats < 2);
  const model = await load(out);
  try {
    assert.equal((await model.score({ answer: 'A cat sat' })).isBound, false);
    assert.ok((await model.generate({ length: 8 })).text.length > 0);
  } finally {
    await model.close();
  }
});

test('a tokenizer of another run can be used, documents are kept apart, and the average of the weights is exported', async () => {
  const { out } = await trained('average', {
    ...small,
    tokenizer: join(scratch, 'diffusion', 'model'),
    packing: 'document',
    ema: 0.5,
    steps: 3,
    warmup: 0,
    dtype: 'BF16',
    kvHeads: 1,
    tied: true,
    accumulate: 2,
  });
  assert.equal(
    await readFile(join(out, 'model', 'tokenizer.json'), 'utf8'),
    await readFile(join(scratch, 'diffusion', 'model', 'tokenizer.json'), 'utf8'),
  );
  const record = JSON.parse(await readFile(join(out, 'model', 'training.json'), 'utf8'));
  assert.deepEqual([record.step, record.final, record.options.ema], [3, true, 0.5]);
  const model = await load(out);
  await model.close();
});

test('a mask predictor made from a causal model begins where that ended, predicts shifted, and is refused another shape', async () => {
  const request = {
    ...small,
    tokenizer: undefined,
    from: causal.out,
    steps: 20,
    validationEvery: 20,
    sampleEvery: 20,
  };
  const adapted = await trained('adapted', request);
  const scratched = await trained('scratched', { ...small, steps: 20, validationEvery: 20, sampleEvery: 20 });
  assert.ok(adapted.nats < scratched.nats - 0.2, `${adapted.nats}, from scratch ${scratched.nats}`);
  const model = await load(adapted.out);
  assert.equal(model.config.shiftedLogits, true);
  assert.equal((await model.generate({ length: 8, steps: 8 })).text.length > 0, true);
  await model.close();
  await assert.rejects(
    runTraining({ ...request, width: 64, out: join(scratch, 'wrong') }, createTrainingJob, quiet),
    /from: must be a model with width 64, .*it has 32/,
  );
  const from = await directoryInFormat(join(causal.out, 'model'), 'int4');
  await assert.rejects(
    runTraining({ ...request, from, out: join(scratch, 'int4') }, createTrainingJob, quiet),
    /from: must be a model in floats; this one is stored as int4/,
  );
});

/** How a model of blocks from nothing is sampled. */
const drawn = { strategy: 'left-to-right', temperature: 0.8, topP: 0.95 };

const short = { ...small, steps: 4, warmup: 0, validationEvery: 4, sampleEvery: 4 };

test('a model trained in blocks says so: it is sampled in them with the exact cache, and scored in them', async () => {
  const { out } = await trained('blocks', { ...short, objective: 'block-diffusion', block: 4 });
  const facts = await inspectModel(out);
  assert.deepEqual([facts.attention, facts.blockLength, facts.problems], ['block-causal', 4, []]);
  const model = await load(out);
  try {
    assert.deepEqual(model.defaults, { blockCausal: true, blockLength: 4, ...drawn });
    const cached = await model.generate({ prompt: 'A cat', length: 10, seed: 1 });
    const uncached = await model.generate({ prompt: 'A cat', length: 10, seed: 1, cache: 'none' });
    assert.deepEqual(cached.tokens, uncached.tokens);
    // the text behind a block isn't seen from it
    const [nats, longer] = [
      await model.score({ prompt: 'A cat s', answer: 'at on', samples: 4 }),
      await model.score({ prompt: 'A cat s', answer: 'at on the mat', samples: 4 }),
    ];
    assert.equal(nats.isBound, true);
    assert.ok(nats.nats < longer.nats);
    const record = JSON.parse(await readFile(join(out, 'model', 'training.json'), 'utf8'));
    assert.equal(record.tokens, 4 * 8 * 32, 'text is counted once, though it is read twice');
  } finally {
    await model.close();
  }
});

test('a block as long as the windows is masked diffusion, and one token long the score is exact', async () => {
  const { out, losses } = await trained('one-block', { ...short, objective: 'block-diffusion', block: 32 });
  assert.deepEqual(losses, (await trained('no-block', short)).losses);
  assert.equal((await inspectModel(out)).attention, 'bidirectional');
  const single = await trained('single', { ...short, objective: 'block-diffusion', block: 1 });
  const model = await load(single.out);
  const { isBound, standardError } = await model.score({ answer: 'A cat sat' });
  assert.deepEqual([isBound, standardError], [false, 0]);
  await model.close();
});

test('a model from nothing draws its tokens, and takes a constraint all the same', async () => {
  for (const objective of ['masked-diffusion', 'autoregressive'] as const) {
    const { out } = await trained(`drawn-${objective}`, { ...short, objective });
    const model = await load(out);
    assert.ok(model.defaults.temperature! > 0);
    const { text } = await model.generate({ prompt: 'A cat', length: 6, regex: '[a-z ]+' });
    assert.match(text, /^A cat[a-z ]+$/);
    await model.close();
  }
});

test('a model trained in blocks and on whole texts drafts in blocks, and revises what it wrote', async () => {
  const { out, nats } = await trained('both', {
    ...short,
    objective: 'block-diffusion',
    block: 4,
    wholeShare: 0.5,
  });
  const facts = await inspectModel(out);
  assert.deepEqual([facts.attention, facts.blockLength, facts.problems], ['bidirectional', 4, []]);
  const model = await load(out);
  assert.deepEqual(model.defaults, { blockCausal: true, blockLength: 4, ...drawn });
  const request = { prompt: 'A cat', length: 10, seed: 1, endless: true };
  const draft = await model.generate(request);
  const revised = await model.generate({ ...request, revise: 1, reviseThreshold: 1 });
  assert.ok(revised.stats.forwards > draft.stats.forwards);
  await model.close();

  // an adapter learns whole texts, and is measured by them
  const sizes = { layers: undefined, width: undefined, heads: undefined, hidden: undefined };
  const adapter = { ...short, ...sizes, tokenizer: undefined, from: out, loraRank: 2, learningRate: 1e-9 };
  const whole = await trained('both-adapted', adapter);
  const alone = await trained('both-whole', { ...adapter, loraRank: undefined });
  assert.ok(Math.abs(whole.nats - alone.nats) < 1e-4, `${whole.nats}, ${alone.nats}`);
  assert.ok(Math.abs(whole.nats - nats) > 1e-3, `${nats}, in blocks`);
});

test('blocks that grow from one token begin with the loss of the causal model that they are made from', async () => {
  const from = causal.out;
  const sizes = { layers: undefined, width: undefined, heads: undefined, hidden: undefined };
  const { losses } = await trained('grown', {
    ...short,
    ...sizes,
    tokenizer: undefined,
    from,
    steps: 20,
    objective: 'block-diffusion',
    block: 8,
    blockWarmup: 20,
    learningRate: 1e-5,
    minimumRate: 0,
  });
  const source = readLogRows(join(from, 'metrics.jsonl')).filter(({ kind }) => kind === 'step');
  assert.ok(Math.abs(losses[0] - Number(source.at(-1)!['loss'])) < 0.5, `${losses[0]}`);
  assert.ok(mean(losses.slice(-3)) > losses[0] + 0.3, 'longer blocks are harder');
});

test('a mask predictor that begins as a causal model has its losses at first, and predicts shifted ever after', async () => {
  const both = { ...short, validationEvery: 100, sampleEvery: 100 };
  const warmed = await trained('warmed', { ...both, causalWarmup: 2 });
  const alone = await trained('warm-causal', { ...both, objective: 'autoregressive' });
  const plain = await trained('warm-plain', { ...both, shiftedLogits: true });
  assert.ok(Math.abs(warmed.losses[0] - alone.losses[0]) < 0.2, `${warmed.losses[0]} ${alone.losses[0]}`);
  assert.notEqual(warmed.losses[2], plain.losses[2]);
  assert.equal(quiet.lines.filter((line) => line.startsWith('masks begin')).length, 1);
  const model = await load(warmed.out);
  assert.equal(model.config.shiftedLogits, true);
  await model.close();
});

test('attention that is annealed begins near the causal model, and needs one', async () => {
  const from = causal.out;
  const sizes = { layers: undefined, width: undefined, heads: undefined, hidden: undefined };
  const request = { ...short, ...sizes, tokenizer: undefined, from, learningRate: 1e-5, minimumRate: 0 };
  const annealed = await trained('annealed', { ...request, anneal: 1000 });
  const opened = await trained('opened', request);
  assert.ok(annealed.losses[0] < opened.losses[0], `${annealed.losses[0]}, at once ${opened.losses[0]}`);
  assert.equal((await inspectModel(annealed.out)).attention, 'bidirectional');
  const unshifted = await trained('unshifted', { ...request, shiftedLogits: false });
  assert.ok(opened.losses[0] < unshifted.losses[0], 'a causal model predicts the next token');
  assert.equal((await inspectModel(unshifted.out)).config?.shiftedLogits, false);
  await assert.rejects(
    runTraining(
      { ...request, from: opened.out, anneal: 5, out: join(scratch, 'no') },
      createTrainingJob,
      quiet,
    ),
    /from: must be a causal model, to be opened by --anneal/,
  );
});

test('a hole of unknown length is learned with a token of its own', async () => {
  const { out, losses } = await trained('holes', { ...short, variableLength: 0.5, surplus: 4 });
  assert.ok(losses.every(Number.isFinite));
  const model = await load(out);
  assert.equal(model.tokenizer.specialTokens.get('<|expand|>'), model.config.vocabularySize - 1);
  await model.close();
});
