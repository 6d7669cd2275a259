import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReference, referencePath } from '../../test/reference.ts';
import { smallNetwork } from '../../test/small-network.ts';
import type { NdArray } from '../base/array.ts';
import { openSafetensors, readFloats, type SafetensorsFile } from '../checkpoint/safetensors.ts';
import { sigmoid } from '../graph/primitives.ts';
import type { TransformerConfig } from '../model/config.ts';
import { llada } from '../model/families/llada.ts';
import { lladaMoe } from '../model/families/llada-moe.ts';
import { initialParameters } from '../model/initialise.ts';
import { openModel } from '../model/open.ts';
import { type LearnerOptions, openLearner } from './graph-learner.ts';
import type { TrainingBatch } from './learner.ts';

interface Step {
  readonly input_ids: number[][];
  readonly noisy_batch: number[][];
  readonly masked_indices: number[][];
  readonly p_mask: number[];
  readonly prompt_lengths?: number[];
  readonly loss: number;
  readonly grad_norm_before_clip: number;
}

/** LLaDA's losses as its GUIDELINES.md has them: Σ CE / p / (B L), or for fine-tuning Σ CE / p / (answer length B). */
function batchOf(step: Step, lengthOf: (b: number) => number): TrainingBatch {
  const [B, L] = [step.noisy_batch.length, step.noisy_batch[0].length];
  const places = step.masked_indices.flatMap((row, b) =>
    row.flatMap((masked, i) => (masked ? [{ b, i }] : [])),
  );
  return {
    tokens: { shape: [B, L], data: Int32Array.from(step.noisy_batch.flat()) },
    rows: Int32Array.from(places, ({ b, i }) => b * L + i),
    targets: Int32Array.from(places, ({ b, i }) => step.input_ids[b][i]),
    weights: Float32Array.from(places, ({ b }) => 1 / step.p_mask[b] / B / lengthOf(b)),
  };
}

/** Asserts |given − recorded| ≤ atol + rtol · |recorded| everywhere; returns the largest difference. */
async function assertClose(
  given: ReadonlyMap<string, NdArray>,
  recorded: SafetensorsFile,
  prefix: string,
  { atol, rtol }: { atol: number; rtol: number },
): Promise<number> {
  let worst = 0;
  for (const [name, { data }] of given) {
    const expected = (await readFloats(recorded, `${prefix}${name}`)).data;
    for (const [i, value] of data.entries()) {
      const difference = Math.abs(value - expected[i]);
      assert.ok(
        difference <= atol + rtol * Math.abs(expected[i]),
        `${prefix}${name}[${i}]: ${value}, not ${expected[i]}`,
      );
      worst = Math.max(worst, difference);
    }
  }
  return worst;
}

const forGradients = { atol: 1e-4, rtol: 1e-3 };
const forParameters = { atol: 1e-4, rtol: 0 };

const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, decays: () => true, clip: 1 };

/** A learner with the weights recorded of llada. */
async function recordedLearner() {
  const { config, weights, network } = await openModel(referencePath('llada'));
  await network.close();
  const names = [...weights.entries.keys()];
  const initial = new Map(
    await Promise.all(names.map(async (name) => [name, await weights.read(name)] as const)),
  );
  return openLearner(config.transformer, llada.names, initial, adamW);
}

test('five recorded steps: losses, gradients, norms and parameters equal those of PyTorch', async (t) => {
  const learner = await recordedLearner();
  const recorded = await openSafetensors(referencePath('training_llada', 'reference.safetensors'));
  const { pretrain } = readReference<{ pretrain: { steps: Step[] } }>('training_llada');
  for (const [i, step] of pretrain.steps.entries()) {
    const loss = await learner.accumulate(batchOf(step, () => step.noisy_batch[0].length));
    assert.ok(Math.abs(loss - step.loss) <= 1e-4 * step.loss, `loss of step ${i}: ${loss}, not ${step.loss}`);
    if (i === 0) {
      const worst = await assertClose(learner.gradients(), recorded, 'pretrain.grad.', forGradients);
      t.diagnostic(`gradients: largest difference ${worst.toExponential(1)}`);
    }
    const { gradientNorm, applied } = await learner.update(1e-3);
    assert.ok(
      applied && Math.abs(gradientNorm - step.grad_norm_before_clip) <= 1e-4 * step.grad_norm_before_clip,
    );
    if (i === 0) await assertClose(learner.parameters(), recorded, 'pretrain.params_step1.', forParameters);
  }
  const worst = await assertClose(learner.parameters(), recorded, 'pretrain.params_step5.', forParameters);
  t.diagnostic(`parameters after 5 steps: largest difference ${worst.toExponential(1)}`);
  await learner.close();
});

test('the recorded fine-tuning step: loss and gradients equal those of PyTorch', async () => {
  const learner = await recordedLearner();
  const recorded = await openSafetensors(referencePath('training_llada', 'reference.safetensors'));
  const { sft } = readReference<{ sft: Step }>('training_llada');
  const loss = await learner.accumulate(
    batchOf(sft, (b) => sft.input_ids[b].length - sft.prompt_lengths![b]),
  );
  assert.ok(Math.abs(loss - sft.loss) <= 1e-4 * sft.loss, `${loss}, not ${sft.loss}`);
  await assertClose(learner.gradients(), recorded, 'sft.grad.', forGradients);
  await learner.close();
});

const config = smallNetwork;

const open = (emaDecay?: number, optimizer?: LearnerOptions['optimizer']) =>
  openLearner(config, llada.names, initialParameters(config, llada.names, 5), {
    ...adamW,
    emaDecay,
    optimizer,
  });

/** Rows and targets of one sequence; `half` keeps the even or the odd ones. */
function smallBatch(half?: 0 | 1): TrainingBatch {
  const rows = [0, 2, 3, 7].filter((_, i) => half === undefined || i % 2 === half);
  return {
    tokens: { shape: [1, 8], data: Int32Array.of(10, 4, 10, 10, 1, 2, 3, 10) },
    rows: Int32Array.from(rows),
    targets: Int32Array.from(rows, (row) => row + 1),
    weights: Float32Array.from(rows, () => 0.25),
  };
}

test('two micro-batches give the gradient of both together', async () => {
  const [whole, parts] = [await open(), await open()];
  const loss = await whole.accumulate(smallBatch());
  const sum = (await parts.accumulate(smallBatch(0))) + (await parts.accumulate(smallBatch(1)));
  assert.ok(Math.abs(loss - sum) < 1e-5);
  for (const [name, { data }] of whole.gradients()) {
    const other = parts.gradients().get(name)!.data;
    assert.ok(
      data.every((value, i) => Math.abs(value - other[i]) < 1e-6),
      name,
    );
  }
  await whole.close();
  await parts.close();
});

for (const optimizer of ['adamw', 'muon'] as const)
  test(`a state put back goes on to the same bits, by ${optimizer}`, async () => {
    const learner = await open(0.9, optimizer);
    const step = async () => {
      await learner.accumulate(smallBatch());
      await learner.update(1e-2);
    };
    await step();
    const saved = new Map(
      [...learner.state()].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    );
    await step();
    await step();
    const straight = new Map([...learner.state()].map(([name, { data }]) => [name, data.slice()]));
    learner.restore(saved);
    await step();
    await step();
    for (const [name, { data }] of learner.state()) assert.deepEqual(data, straight.get(name), name);
    await learner.close();
  });

test('a loss that is not finite is not applied, and leaves nothing behind', async () => {
  const learner = await open();
  const before = new Map([...learner.state()].map(([name, { data }]) => [name, data.slice()]));
  const poisoned = { ...smallBatch(), weights: Float32Array.of(1, Number.POSITIVE_INFINITY, 1, 1) };
  await learner.accumulate(poisoned);
  assert.equal((await learner.update(1e-2)).applied, false);
  for (const [name, { data }] of learner.state()) assert.deepEqual(data, before.get(name), name);
  await learner.accumulate(smallBatch());
  assert.equal((await learner.update(1e-2)).applied, true);
  await learner.close();
});

test('norms and biases do not decay: with no gradient only matrices shrink, by lr · λ', async () => {
  const initial = initialParameters(config, llada.names, 5);
  const learner = await openLearner(config, llada.names, initial, { ...adamW, decays: undefined });
  await learner.accumulate({ ...smallBatch(), weights: new Float32Array(4) });
  await learner.update(0.5);
  for (const [name, { data, shape }] of learner.parameters()) {
    const factor = shape.length === 2 ? 1 - 0.5 * 0.1 : 1;
    const was = initial.get(name)!.data;
    assert.ok(
      data.every((value, i) => Math.abs(value - factor * was[i]) < 1e-7),
      name,
    );
  }
  await learner.close();
});

test('the moving average follows the parameters closely at first, then lags behind by its decay', async () => {
  const learner = await open(0.25);
  for (const decay of [2 / 11, 3 / 12, 0.25]) {
    const before = new Map([...learner.averages()].map(([name, { data }]) => [name, data.slice()]));
    await learner.accumulate(smallBatch());
    await learner.update(1e-2);
    for (const [name, { data }] of learner.averages()) {
      const [was, is] = [before.get(name)!, learner.parameters().get(name)!.data];
      assert.ok(
        data.every((value, i) => Math.abs(value - (decay * was[i] + (1 - decay) * is[i])) < 1e-6),
        name,
      );
    }
  }
  await learner.close();
});

test('a batch without a masked token has loss 0 and gradient 0', async () => {
  const learner = await open();
  const empty = { rows: new Int32Array(0), targets: new Int32Array(0), weights: new Float32Array(0) };
  assert.equal(await learner.accumulate({ ...smallBatch(), ...empty }), 0);
  assert.equal((await learner.update(1e-2)).gradientNorm, 0);
  await learner.close();
});

const withExperts: TransformerConfig = {
  ...config,
  layers: 2,
  qkvBias: false,
  tiedHead: false,
  mixture: {
    layers: [false, true],
    experts: 6,
    chosen: 2,
    hidden: 8,
    score: sigmoid,
    selectionBias: true,
    groups: { count: 3, chosen: 2 },
    normalised: true,
    scale: 2.5,
    sharedHidden: 8,
  },
};

test('gradients of a network with experts equal differences of its loss, in every tensor that has one', async () => {
  const initial = initialParameters(withExperts, lladaMoe.names, 3);
  // so that experts matter
  for (const { data, shape } of initial.values())
    if (shape.length === 2) for (const i of data.keys()) data[i] *= 3;
  // so large that no small step changes the choice, where the loss has a jump
  initial.get(lladaMoe.names.layer(1).mixture!.selectionBias)!.data.set([9, 0, 0, 8, 0, 0]);
  const learner = await openLearner(withExperts, lladaMoe.names, initial, adamW);
  await learner.accumulate(smallBatch());
  const gradients = new Map([...learner.gradients()].map(([name, { data }]) => [name, data.slice()]));
  let trained = 0;
  for (const [name, { data }] of learner.parameters()) {
    const gradient = gradients.get(name)!;
    const norm = Math.hypot(...gradient);
    // the bias decides about the choice alone, and not every expert was chosen
    if (norm === 0) continue;
    trained++;
    const was = data.slice();
    const size = 4e-3;
    const lossAt = async (step: number) => {
      for (const i of data.keys()) data[i] = was[i] + (step * gradient[i]) / norm;
      return learner.accumulate(smallBatch());
    };
    const slope = ((await lossAt(size)) - (await lossAt(-size))) / (2 * size);
    data.set(was);
    assert.ok(Math.abs(slope - norm) < 0.005 * norm, `${name}: ${slope}, not ${norm}`);
  }
  assert.ok(trained > 20, `${trained} tensors have a gradient`);
  await learner.close();
});
