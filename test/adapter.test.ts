import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NdArray } from '../src/base/array.ts';
import { readJson } from '../src/checkpoint/read-json.ts';
import { openSafetensors } from '../src/checkpoint/safetensors.ts';
import { inspectModel } from '../src/model-files/inspect-model.ts';
import { mergeAdapter } from '../src/model-files/merge-adapter.ts';
import {
  adapterNames,
  adapterShapes,
  adapterTargets,
  initialAdapter,
  matricesOf,
  merge,
  uniformAdapter,
} from '../src/model/adapter.ts';
import { fingerprintOf, writeAdapter } from '../src/model/adapter-files.ts';
import { parameterShapes } from '../src/model/config.ts';
import { openModel } from '../src/model/open.ts';
import { blockFormats } from '../src/model/weight-format.ts';
import { directoryInFormat } from '../src/model-files/quantised-copy.ts';
import { uniforms } from '../src/base/random.ts';
import { openLearner } from '../src/training/graph-learner.ts';
import type { TrainingBatch } from '../src/training/learner.ts';
import { startServer } from '../src/server/http/server.ts';
import { load } from '../src/language-model/load.ts';
import { readPlainly } from './plain-blocks.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const adamW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, threads: 1 };

/** A tiny model, and an adapter of it whose B isn't zero. */
async function adapted(directory: string, scale = 0.3) {
  await writeTinyModel(directory);
  const opened = await openModel(directory);
  await opened.network.close();
  const { transformer } = opened.config;
  const [rank, alpha, targets] = [3, 5, matricesOf(transformer, opened.names, adapterTargets)];
  const adapter = uniformAdapter(targets, { rank, scale: alpha / rank });
  const arrays = initialAdapter(adapterShapes(transformer, opened.names, adapter), 1);
  for (const [n, [name, { data }]] of [...arrays].entries()) {
    const uniform = uniforms(2, 'synthetic', 0, n);
    if (name.includes('lora_B')) data.forEach((_, i) => (data[i] = scale * (uniform(i) - 0.5)));
  }
  const fingerprint = await fingerprintOf(opened.weights, opened.names);
  const written = { rank, alpha, targets, arrays: () => arrays, base: directory, fingerprint };
  return { ...opened, adapter, targets, rank, scale: alpha / rank, arrays, written };
}

function batchFor(maskId: number): TrainingBatch {
  const rows = Int32Array.of(1, 2, 5, 9);
  return {
    tokens: {
      shape: [2, 6],
      data: Int32Array.from({ length: 12 }, (_, i) => (rows.includes(i) ? maskId : 2 + i)),
    },
    rows,
    targets: Int32Array.of(3, 4, 7, 11),
    weights: Float32Array.of(0.5, 0.25, 1, 0.75),
  };
}

test("an adapter's gradients are those of the merged matrices, by the chain rule, and finite differences", async (t) => {
  const { config, names, weights, adapter, targets, rank, scale, arrays } = await adapted(
    await temporaryFolder(t),
  );
  const { transformer, maskId = 0 } = config;
  const merged = new Map<string, NdArray>();
  const base = new Map<string, NdArray>();
  for (const name of weights.entries.keys()) {
    base.set(name, await weights.read(name));
    merged.set(name, await weights.read(name));
  }
  const learner = await openLearner(transformer, names, arrays, {
    ...adamW,
    adapter: { adapter, base: { arrays: () => base } },
  });
  const batch = batchFor(maskId);
  const loss = await learner.accumulate(batch);
  const gradients = new Map([...learner.gradients()].map(([name, { data }]) => [name, data.slice()]));
  assert.deepEqual([...gradients.keys()], [...arrays.keys()]); // none of the base
  assert.deepEqual([...learner.parameters().keys()], [...arrays.keys()]);

  for (const matrix of targets) {
    const { a, b } = adapterNames(matrix);
    merge(merged.get(matrix)!.data, arrays.get(a)!, arrays.get(b)!, scale);
  }
  const whole = await openLearner(transformer, names, merged, adamW);
  assert.ok(Math.abs((await whole.accumulate(batch)) - loss) < 1e-5);
  for (const matrix of targets) {
    const { a, b } = adapterNames(matrix);
    const [A, Bm, dW] = [arrays.get(a)!, arrays.get(b)!, whole.gradients().get(matrix)!];
    const [out, inputs] = dW.shape;
    for (let k = 0; k < rank; k++) {
      for (let i = 0; i < inputs; i++) {
        let dA = 0;
        for (let o = 0; o < out; o++) dA += scale * Bm.data[o * rank + k] * dW.data[o * inputs + i];
        assert.ok(Math.abs(gradients.get(a)![k * inputs + i] - dA) < 1e-5, `${a}: ${dA}`);
      }
      for (let o = 0; o < out; o++) {
        let dB = 0;
        for (let i = 0; i < inputs; i++) dB += scale * dW.data[o * inputs + i] * A.data[k * inputs + i];
        assert.ok(Math.abs(gradients.get(b)![o * rank + k] - dB) < 1e-5, `${b}: ${dB}`);
      }
    }
  }
  await whole.close();

  for (const name of [...arrays.keys()].slice(0, 4)) {
    const { data } = learner.parameters().get(name)!;
    const j = data.length >> 1;
    const was = data[j];
    const at = async (value: number) => {
      data[j] = value;
      return learner.accumulate(batch);
    };
    const h = 0.02;
    const difference = ((await at(was + h)) - (await at(was - h))) / (2 * h);
    data[j] = was;
    assert.ok(Math.abs(difference - gradients.get(name)![j]) < 2e-3, `${name}: ${difference}`);
  }
  await learner.close();
});

for (const format of ['int4', 'int8'] as const)
  test(`beside a model in ${format} an adapter's loss and gradients are those beside the floats that the blocks stand for`, async (t) => {
    const folder = await temporaryFolder(t);
    const { adapter, arrays } = await adapted(folder);
    const opened = await openModel(await directoryInFormat(folder, format));
    await opened.network.close();
    const { config, names, weights, stored } = opened;
    const { transformer, maskId = 0 } = config;
    const floats = new Map<string, NdArray>();
    let inBlocks = 0;
    for (const [name, shape] of parameterShapes(transformer, names)) {
      const isInBlocks = weights.entries.has(`${name}.codes`);
      if (isInBlocks) inBlocks++;
      const data = isInBlocks
        ? await readPlainly(weights, name, shape, blockFormats[format])
        : (await weights.read(name)).data;
      floats.set(name, { shape, data });
    }
    assert.equal(inBlocks, 1 + 7 * transformer.layers);
    // a head that shares the embedding is read in blocks, the embedding itself in 16 bits
    const untied = { ...transformer, tiedHead: false };
    const shared = floats.get(names.embedding)!;
    const table = await weights.read(names.embedding);
    const batch = batchFor(maskId);
    const results = [];
    for (const [network, base] of [
      [transformer, stored],
      [untied, { arrays: () => new Map([...floats, [names.embedding, table], [names.head!, shared]]) }],
    ] as const) {
      const learner = await openLearner(network, names, arrays, { ...adamW, adapter: { adapter, base } });
      const loss = await learner.accumulate(batch);
      results.push({ loss, gradients: learner.gradients() });
      await learner.close();
    }
    const [ours, theirs] = results;
    assert.ok(Math.abs(ours.loss - theirs.loss) < 1e-5, `${ours.loss}, not ${theirs.loss}`);
    let largest = 0;
    for (const [name, { data }] of ours.gradients)
      for (const [i, value] of data.entries()) {
        const other = theirs.gradients.get(name)!.data[i];
        largest = Math.max(largest, Math.abs(other));
        assert.ok(Math.abs(value - other) < 1e-5, `${name}[${i}]: ${value}, not ${other}`);
      }
    assert.ok(largest > 0.01, `gradients of ${largest} show nothing`);
  });

test('a model with an adapter beside it has the logits of the one with the adapter merged, and others than alone', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, directory, out] = ['model', 'adapter', 'merged'].map((name) => join(folder, name));
  const { written } = await adapted(model);
  await writeAdapter(directory, written);
  await mergeAdapter(model, directory, out);

  const config = (await readJson(join(directory, 'adapter_config.json'))) as Record<string, unknown>;
  assert.deepEqual([config['peft_type'], config['r'], config['lora_alpha']], ['LORA', 3, 5]);
  const { tensors } = await openSafetensors(join(directory, 'adapter_model.safetensors'));
  assert.deepEqual(
    tensors.get('base_model.model.model.transformer.blocks.0.q_proj.lora_A.weight')?.shape.slice(0, 1),
    [3],
  );

  const models = [
    await load(model),
    await load(model, { adapter: directory }),
    await load(directory), // which names its model
    await load(out),
  ];
  const tokens = [Int32Array.of(2, 3, 4, models[0].maskId, 5)];
  const [alone, beside, named, merged] = await Promise.all(
    models.map(async (each) => (await each.logits(tokens)).data),
  );
  const farthest = (x: Float32Array, y: Float32Array) =>
    x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
  assert.ok(farthest(beside, merged) < 1e-5, `${farthest(beside, merged)}`);
  assert.deepEqual(named, beside);
  assert.ok(farthest(alone, beside) > 0.01);
  // with keys and values remembered, too
  const options = { prompt: 'a', length: 8, blockLength: 4, cache: 'prefix', seed: 1 } as const;
  assert.deepEqual((await models[1].generate(options)).tokens, (await models[3].generate(options)).tokens);
  await Promise.all(models.map((each) => each.close()));
});

test('an adapter for another model, and what is none, is one sentence', async (t) => {
  const folder = await temporaryFolder(t);
  const [model, other, directory] = ['model', 'other', 'adapter'].map((name) => join(folder, name));
  const { written } = await adapted(model);
  await writeAdapter(directory, written);
  await writeTinyModel(other, { width: 16 });
  await assert.rejects(
    load(other, { adapter: directory }),
    /adapter_model\.safetensors: expected an adapter of this model, with base_model\.model\..*lora_A\.weight of shape \[3, 16\], found \[3, /,
  );
  // one of the same shape, of which a single number is another
  const twin = join(folder, 'twin');
  await mergeAdapter(model, directory, twin);
  const { tensors } = await openSafetensors(join(twin, 'model.safetensors'));
  const bytes = await readFile(join(twin, 'model.safetensors'));
  const { offset } = tensors.get('model.transformer.ln_f.weight')!;
  bytes[offset] ^= 1;
  await writeFile(join(twin, 'model.safetensors'), bytes);
  const { adapter: facts, problems } = await inspectModel(directory);
  assert.deepEqual([facts?.rank, facts?.alpha, facts?.matrices, problems], [3, 5, 14, []]);
  const config = join(directory, 'adapter_config.json');
  const named = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>;
  await writeFile(config, JSON.stringify({ ...named, base_model_name_or_path: twin }));
  assert.match((await inspectModel(directory)).problems.join(), /found one of another model/);
  await writeFile(config, JSON.stringify(named));
  await assert.rejects(
    load(twin, { adapter: directory }),
    /adapter_model\.safetensors: expected an adapter of .*twin, found one of another model, which it calls ".*model"/,
  );
  await assert.rejects(
    load(model, { adapter: other }),
    /expected an adapter, with an adapter_config\.json, found none/,
  );
  await assert.rejects(
    load(directory, { adapter: directory }),
    /adapter: must be left out, .* being an adapter itself/,
  );
});

test('a server with an adapter writes what the model writes with it', async (t) => {
  const [path, adapter] = [await temporaryFolder(t), await temporaryFolder(t)];
  await writeAdapter(adapter, (await adapted(path, 3)).written);
  const server = await startServer({
    models: new Map([['tiny', path]]),
    load: { adapter },
    host: '127.0.0.1',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency: 2,
    waiting: 2,
    idleMs: 60_000,
    log: () => {},
    version: '0',
    now: () => new Date(0),
    clock: () => performance.now(),
  });
  t.after(() => server.close());
  const request = { prompt: 'A dog', length: 12, seed: 3 };
  const response = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  const { choices } = (await response.json()) as { choices: readonly { text: string }[] };
  const texts: string[] = [];
  for (const options of [{ adapter }, {}]) {
    const model = await load(path, options);
    texts.push((await model.generate(request)).text);
    await model.close();
  }
  assert.equal('A dog' + choices[0].text, texts[0]);
  assert.notEqual(texts[0], texts[1]);
});
