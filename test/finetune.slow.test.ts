import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mergeAdapter } from '../src/model-files/merge-adapter.ts';
import { load } from '../src/language-model/load.ts';
import { createTrainingJob } from '../src/training/create-job.ts';
import { readLogRows } from '../src/training/run/json-log.ts';
import type { TrainingRequest } from '../src/training/options.ts';
import { runTraining } from '../src/training/run/run.ts';
import { testRunIo } from './run-io.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const io = testRunIo();
const { lines } = io;

const animals: Readonly<Record<string, string>> = { cat: 'meow', dog: 'woof', cow: 'moo', hen: 'cluck' };
const talks = Object.entries(animals).flatMap(([animal, sound]) => [
  { prompt: `Say ${animal}`, answer: sound },
  { turns: [`Say ${animal}`, sound, 'Again', sound] },
]);
const text = `${Object.values(animals).join(' ')} Say Again ${Object.keys(animals).join(' ')}\n`.repeat(40);

const common = { threads: 1, warmup: 5, validationShare: 0, checkpointEvery: 1000, sampleEvery: 1000 };

test('a model without a chat template learns a dialogue set and answers it by messages', async (t) => {
  const folder = await temporaryFolder(t);
  const [corpus, data] = [join(folder, 'text.txt'), join(folder, 'talk.jsonl')];
  await writeFile(corpus, text);
  await writeFile(data, talks.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const base: TrainingRequest = {
    ...common,
    data: [corpus],
    out: join(folder, 'base'),
    tokenizer: 'characters',
    packing: 'stream',
    layers: 2,
    width: 48,
    heads: 4,
    hidden: 96,
    length: 64,
    batch: 4,
    steps: 5,
  };
  await runTraining(base, createTrainingJob, io);

  const out = join(folder, 'tuned');
  const request: TrainingRequest = {
    ...common,
    learn: 'answers',
    from: join(folder, 'base'),
    data: [data],
    out,
    length: 64,
    epochs: 200,
    batch: 12,
    learningRate: 5e-3,
  };
  const { step } = await runTraining(request, createTrainingJob, io);
  assert.equal(step, 200); // twelve answers are one batch
  const losses = readLogRows(join(out, 'metrics.jsonl')).map(({ loss }) => Number(loss));
  assert.ok(losses[0] > 2 && losses.at(-1)! < 0.3, `${losses[0]}, then ${losses.at(-1)}`);

  const model = await load(out);
  try {
    for (const [animal, sound] of Object.entries(animals)) {
      const asked = { role: 'user', content: `Say ${animal}` } as const;
      const answer = { role: 'assistant', content: sound } as const;
      const again = { role: 'user', content: 'Again' } as const;
      for (const messages of [[asked], [asked, answer, again]])
        assert.equal((await model.generate({ messages, length: 16, steps: 16, temperature: 0 })).text, sound);
    }
  } finally {
    await model.close();
  }

  // what was fine-tuned is fine-tuned on with the same template, and no more tokens
  const further = join(folder, 'further');
  await runTraining(
    { ...request, from: out, out: further, epochs: undefined, steps: 5 },
    createTrainingJob,
    io,
  );
  for (const name of ['chat_template.jinja', 'tokenizer.json'])
    assert.equal(
      await readFile(join(further, 'model', name), 'utf8'),
      await readFile(join(out, 'model', name), 'utf8'),
    );
  // an adapter learns to contradict, and the model stays what it was
  const [adapter, other] = [join(folder, 'adapter'), join(folder, 'other.jsonl')];
  await writeFile(other, `${JSON.stringify({ prompt: 'Say cat', answer: 'woof' })}\n`.repeat(4));
  const small = { from: out, data: [other], out: adapter, loraRank: 4, epochs: 30, batch: 4 };
  const before = await readFile(join(out, 'model', 'model.safetensors'));
  await runTraining({ ...request, ...small }, createTrainingJob, io);
  assert.deepEqual(await readFile(join(out, 'model', 'model.safetensors')), before);
  // so does one of the model in 4 bits, which is sampled in them
  const small4 = join(folder, 'small4');
  const inBits = { ...small, weights: 'int4', out: small4, sampleEvery: 30 } as const;
  await runTraining({ ...request, ...inBits }, createTrainingJob, io);
  assert.match(lines.join(''), /vocabulary \d+, kept as int4\n/);
  assert.match(await readFile(join(small4, 'samples', 'step-000000030.txt'), 'utf8'), /→ woof$/);
  const messages = [{ role: 'user', content: 'Say cat' }] as const;
  for (const [path, options, sound] of [
    [out, { adapter: small4, weights: 'int4' }, 'woof'],
    [small4, {}, 'woof'],
    [out, {}, 'meow'],
    [out, { adapter }, 'woof'],
    [adapter, {}, 'woof'],
  ] as const) {
    const each = await load(path, options);
    assert.equal((await each.generate({ messages, length: 16, steps: 16 })).text, sound);
    await each.close();
  }
  for (const [wish, sentence] of [
    [{ objective: 'autoregressive' }, /objective: must be masked-diffusion, as .* was trained/],
    [{ length: 128 }, /length: must be at most the 64 tokens of/],
    [{ loraRank: undefined, loraAlpha: 2 }, /loraAlpha: is for --lora-rank/],
    [{ loraRank: undefined, weights: 'int4' }, /weights: is for --lora-rank/],
    [
      { from: join(out, 'model', 'unmask-int4'), weights: 'int8' },
      /weights: must be int4, as .*unmask-int4 is stored/,
    ],
    [{ anneal: 3 }, /anneal: changes the model itself, and --lora-rank leaves it as it is/],
  ] as const)
    await assert.rejects(
      runTraining({ ...request, ...small, ...wish, out: join(folder, 'no') }, createTrainingJob, io),
      sentence,
    );
  await assert.rejects(
    runTraining({ ...request, promptShare: 0.5, out: join(folder, 'no') }, createTrainingJob, io),
    /promptShare: is for text, not for the answers of conversations/,
  );
});

test('a network that begins from nothing learns to answer, with a tokenizer made from what is said', async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, 'talk.jsonl');
  await writeFile(data, talks.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const out = join(folder, 'run');
  const request: TrainingRequest = {
    ...common,
    layers: 2,
    width: 48,
    heads: 4,
    hidden: 96,
    length: 48,
    learn: 'answers',
    tokenizer: 'characters',
    data: [data],
    out,
    epochs: 200,
    batch: 12,
    learningRate: 5e-3,
  };
  await runTraining(request, createTrainingJob, io);
  const model = await load(out);
  t.after(() => model.close());
  assert.equal(model.tokenizer.encode('meow').length, 4);
  for (const [animal, sound] of Object.entries(animals)) {
    const messages = [{ role: 'user' as const, content: `Say ${animal}` }];
    assert.equal((await model.generate({ messages, length: 12, temperature: 0 })).text, sound);
  }
});

for (const isCausal of [false, true])
  test(`an adapter of a ${isCausal ? 'causal ' : ''}model without a chat template brings one of text alone`, async (t) => {
    const folder = await temporaryFolder(t);
    const [base, data] = [join(folder, 'base'), join(folder, 'talk.jsonl')];
    await writeTinyModel(base, { isCausal, width: 64 });
    if (isCausal) await withoutMask(base);
    const first = talks.filter((row) => 'prompt' in row);
    await writeFile(data, first.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const request: TrainingRequest = {
      ...common,
      learn: 'answers',
      objective: isCausal ? 'autoregressive' : 'masked-diffusion',
      from: base,
      data: [data],
      out: join(folder, 'adapter'),
      loraRank: 16,
      length: 48,
      epochs: isCausal ? 150 : 400,
      batch: 4,
      learningRate: isCausal ? 1e-2 : 5e-3,
    };
    await runTraining(request, createTrainingJob, io);

    const merged = join(folder, 'merged');
    await mergeAdapter(base, request.out!, merged);
    for (const path of [request.out!, merged]) {
      const model = await load(path);
      const answers = Object.keys(animals).map(async (animal) => {
        const messages = [{ role: 'user', content: `Say ${animal}` }] as const;
        return (await model.generate({ messages, length: 16, steps: 16, temperature: 0 })).text;
      });
      assert.deepEqual(await Promise.all(answers), Object.values(animals));
      assert.equal(
        model.chatTemplate!.encode([{ role: 'user', content: 'Say cat' }]).text,
        'user:\nSay cat\nassistant:\n',
      );
      await model.close();
    }
    if (isCausal) return;
    await withoutMask(base);
    await assert.rejects(
      runTraining({ ...request, out: join(folder, 'no') }, createTrainingJob, io),
      /loraRank: needs a model that has a mask token, as an adapter adds none; fine-tune all of/,
    );
  });

/** Makes a token like others of the mask of a model. */
async function withoutMask(model: string): Promise<void> {
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'config.json']) {
    const path = join(model, name);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replaceAll('<|mask|>', '<|other|>').replace(/\n? *"mask_token\w*": *[^\n]*/gu, ''),
    );
  }
}

test('an adapter of a mixture changes its attention, in floats and in blocks; experts alone are an error', async (t) => {
  const folder = await temporaryFolder(t);
  const [from, data] = [join(folder, 'base'), join(folder, 'talk.jsonl')];
  await writeTinyModel(from, { experts: 4 });
  await writeFile(data, `${JSON.stringify({ text: 'the cat says meow to the cow' })}\n`.repeat(8));
  const request: TrainingRequest = { ...common, from, data: [data], out: '', length: 16, batch: 2, steps: 5 };
  for (const weights of [undefined, 'int8'] as const) {
    const out = join(folder, `adapter ${weights}`);
    await runTraining({ ...request, out, loraRank: 2, weights }, createTrainingJob, io);
    assert.match(
      lines.join(''),
      /of them 8 matrices are changed .*\nthe experts and their router stay as they are/,
    );
    const [adapted, base] = [await load(out), await load(from, { weights })];
    const messages = { prompt: 'the cat', length: 4, steps: 4, seed: 1 };
    assert.equal(
      (await adapted.generate(messages)).tokens.length,
      (await base.generate(messages)).tokens.length,
    );
    await adapted.close();
    await base.close();
  }
  await assert.rejects(
    runTraining(
      { ...request, out: join(folder, 'none'), loraRank: 2, loraTargets: ['gate'] },
      createTrainingJob,
      io,
    ),
    /an adapter can't change the matrices of experts/,
  );
});
