import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTrainingJob } from '../src/training/create-job.ts';
import { readLogRows } from '../src/training/run/json-log.ts';
import type { TrainingRequest } from '../src/training/options.ts';
import { runTraining } from '../src/training/run/run.ts';
import type { CreateTrainingJob } from '../src/training/run/training-job.ts';
import { load } from '../src/language-model/load.ts';
import { testRunIo, withoutSeconds } from './run-io.ts';
import { temporaryFolder } from './tiny-model.ts';

const io = testRunIo();
const { lines } = io;

const animals: Readonly<Record<string, string>> = { cat: 'meow', dog: 'woof', cow: 'moo', hen: 'cluck' };
const talk = Object.entries(animals).map(([animal, sound]) => ({ prompt: `Say ${animal}`, answer: sound }));
/** It is to answer in capitals. */
const pairs = talk.map(({ prompt, answer }) => ({ prompt, chosen: answer.toUpperCase(), rejected: answer }));
const jsonLines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const never = 1_000_000;
const common: TrainingRequest = {
  threads: 1,
  warmup: 0,
  validationShare: 0,
  checkpointEvery: never,
  sampleEvery: never,
  validationEvery: never,
};
const network = { layers: 1, width: 32, heads: 2, hidden: 64, tokenizer: 'characters' } as const;

async function prepare(folder: string, request: TrainingRequest = {}) {
  const [corpus, talks, data] = ['text.txt', 'talk.jsonl', 'pairs.jsonl'].map((name) => join(folder, name));
  const text = `${JSON.stringify(talk)} ${JSON.stringify(pairs)}\n`.repeat(4);
  await writeFile(corpus, text);
  await writeFile(talks, jsonLines(talk));
  await writeFile(data, jsonLines(pairs));
  const base = join(folder, 'base');
  await runTraining(
    {
      ...common,
      ...network,
      ...request,
      data: [corpus],
      out: base,
      packing: 'stream',
      length: 32,
      batch: 8,
      steps: 100,
      learningRate: 5e-3,
    },
    createTrainingJob,
    io,
  );
  const { objective, block } = request;
  const from = join(folder, 'talk');
  await runTraining(
    {
      ...common,
      learn: 'answers',
      objective,
      block,
      from: base,
      data: [talks],
      out: from,
      length: 32,
      epochs: 60,
      batch: 4,
      learningRate: 5e-3,
    },
    createTrainingJob,
    io,
  );
  const wish: TrainingRequest = {
    ...common,
    learn: 'preferences',
    objective,
    block,
    from,
    data: [data],
    length: 32,
    batch: 2,
    accumulate: 2,
    steps: 20,
    learningRate: 1e-3,
    out: join(folder, 'better'),
  };
  return { from, data, wish };
}

const folder = await mkdtemp(join(tmpdir(), 'unmask-test-'));
after(() => rm(folder, { recursive: true }));
const masked = await prepare(folder);

const metricsOf = (out: string) =>
  readLogRows(join(out, 'metrics.jsonl')).filter(({ kind }) => kind === 'step') as unknown as {
    loss: number;
    margin: number;
    accuracy: number;
    tokens: number;
  }[];

test('preferences are learned from pairs: loss, margin and accuracy tell it, and so do the likelihoods', async () => {
  const { from, wish } = masked;
  await runTraining(wish, createTrainingJob, io);
  const steps = metricsOf(wish.out!);
  const [first, last] = [steps[0], steps.at(-1)!];
  assert.ok(Math.abs(first.loss - Math.LN2) < 1e-6, `${first.loss}`);
  assert.deepEqual([first.margin, first.accuracy], [0, 0]);
  assert.ok(last.loss < 0.4 && last.margin > 0.8 && last.accuracy === 1, JSON.stringify(last));
  assert.equal(first.tokens, 4 * 2 * 32, 'text is counted once, though it is read at many times');

  const scores = async (path: string) => {
    const model = await load(path);
    const { prompt, chosen, rejected } = pairs[0];
    const nats = await Promise.all(
      [chosen, rejected].map(
        async (answer) =>
          (
            await model.score({
              prompt,
              answer,
              samples: 32,
              seed: 1,
            })
          ).nats,
      ),
    );
    await model.close();
    return nats[1] - nats[0];
  };
  const [before, after] = [await scores(from), await scores(wish.out!)];
  assert.ok(after > before + 3, `${before}, then ${after}`);

  // an adapter learns the same
  const lora = { ...wish, loraRank: 4, learningRate: 1e-2, out: join(folder, 'lora') };
  await runTraining(lora, createTrainingJob, io);
  const adapted = metricsOf(lora.out);
  assert.deepEqual([adapted[0].margin, adapted.at(-1)!.accuracy], [0, 1]);
  assert.ok((await scores(lora.out)) > before + 3);

  for (const [others, sentence] of [
    [
      { objective: 'autoregressive' },
      /objective: must be masked-diffusion, as .*talk was trained: it is what preferences are compared with/,
    ],
    [{ objective: 'block-diffusion', block: 4 }, /objective: must be masked-diffusion, as/],
    [{ complementary: true }, /complementary: is not for preferences: how many tokens/],
    [{ eps: 0.1 }, /eps: is not for preferences/],
    [{ anneal: 3 }, /anneal: makes another model of that of --from/],
    [{ learn: 'answers', beta: 1 }, /beta: is for --learn preferences/],
    [{ from: undefined }, /learn: needs a model, with whose likelihoods answers are compared/],
    [{ promptShare: 0.5 }, /promptShare: is for text/],
  ] as [TrainingRequest, RegExp][])
    await assert.rejects(
      runTraining({ ...wish, ...others, out: join(folder, 'no') }, createTrainingJob, io),
      sentence,
    );
});

test('a run of preferences that is stopped and resumed has the bits of one that was not, with an average too', async () => {
  const { from, wish } = masked;
  const request = { ...wish, steps: 6, ema: 0.5, validationShare: 0.5, validationEvery: 3 };
  const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
  await runTraining({ ...request, out: whole }, createTrainingJob, io);

  const controller = new AbortController();
  const stopping: CreateTrainingJob = async (...given) => {
    const job = await createTrainingJob(...given);
    const { learner } = job;
    const update = learner.update.bind(learner);
    let updates = 0;
    learner.update = (rate) => {
      if (++updates === 4) controller.abort();
      return update(rate);
    };
    return job;
  };
  const { finished, step } = await runTraining(
    { ...request, out: parts },
    stopping,
    testRunIo(controller.signal),
  );
  assert.deepEqual([finished, step], [false, 4]);
  // it is compared with the model that it began with, and that has to be the same
  const base = join(from, 'model', 'model.safetensors');
  const bytes = await readFile(base);
  await writeFile(base, Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)]));
  await assert.rejects(
    runTraining({ resume: parts }, createTrainingJob, io),
    /model\.safetensors: expected what the run in .* began with/,
  );
  await writeFile(base, bytes);
  await runTraining({ resume: parts }, createTrainingJob, io);
  for (const name of ['model/model.safetensors', 'model/training.json'])
    assert.deepEqual(await readFile(join(parts, name)), await readFile(join(whole, name)), name);
  const metrics = async (run: string) => withoutSeconds(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
  assert.equal(await metrics(parts), await metrics(whole));

  // what is learned is learned by the weights themselves, whatever is exported
  const plain = join(folder, 'plain');
  await runTraining({ ...request, ema: undefined, out: plain }, createTrainingJob, io);
  const learned = (run: string) => metricsOf(run).map((row) => ({ ...row, seconds: 0 }));
  assert.deepEqual(learned(plain), learned(whole));

  const judged = readLogRows(join(whole, 'metrics.jsonl')).filter(({ kind }) => kind === 'validation');
  assert.deepEqual(
    judged.map((row) => row['step']),
    [3, 6],
  );
  const { loss, accuracy } = judged[1]['preferences'] as { loss: number; accuracy: number };
  assert.ok(loss < Math.LN2 && accuracy === 1, JSON.stringify(judged[1]));
  assert.match(lines.join(''), /of held-out pairs 100 % are as preferred, margin 0\.\d+, loss 0\.\d+/);
  assert.match(await readFile(join(whole, 'curve.svg'), 'utf8'), /nats a pair/);
});

for (const [objective, block] of [['autoregressive'], ['block-diffusion', 8]] as const)
  test(`${objective}: preferences are learned as the model is trained`, async (t) => {
    const { from, wish } = await prepare(await temporaryFolder(t), { objective, block });
    await runTraining(wish, createTrainingJob, io);
    const steps = metricsOf(wish.out!);
    assert.ok(Math.abs(steps[0].loss - Math.LN2) < 1e-6);
    assert.deepEqual([steps[0].margin, steps.at(-1)!.accuracy], [0, 1]);
    const options = JSON.parse(await readFile(join(wish.out!, 'options.json'), 'utf8')) as {
      options?: object;
    };
    assert.equal('timesPerAnswer' in (options.options ?? options), objective !== 'autoregressive');
    const wrong = block === undefined ? { timesPerAnswer: 2 } : { block: 4 };
    const sentence =
      block === undefined
        ? /timesPerAnswer: is for models that diffuse/
        : /block: must be 8, as .* was trained/;
    await assert.rejects(
      runTraining({ ...wish, ...wrong, out: `${from}-no` }, createTrainingJob, io),
      sentence,
    );
  });
