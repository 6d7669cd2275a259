import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../../test/small-network.ts';
import type { CleanWindows } from '../../diffusion/clean-windows.ts';
import { compare } from '../../likelihood/preference-comparison.ts';
import {
  blockScoring,
  causalScoring,
  diffusionScoring,
  type ValidationScoring,
} from '../../likelihood/validation.ts';
import { type AttentionPattern, bidirectional, causal } from '../../model/attention-pattern.ts';
import type { TransformerConfig } from '../../model/config.ts';
import { llada } from '../../model/families/llada.ts';
import { initialParameters } from '../../model/initialise.ts';
import { openNetwork } from '../../model/network.ts';
import { uniforms } from '../../base/random.ts';
import { doubledNetworkScorer, networkScorer } from '../../language-model/network-scorer.ts';
import { openLearner } from '../graph-learner.ts';
import { preferences } from './preferences.ts';

const maskId = 10;
const L = 12;
const beta = 0.5;
const { names } = llada;

const configOf = (attention: AttentionPattern): TransformerConfig => ({
  ...smallNetwork,
  maxLength: L,
  qkvBias: false,
  tiedHead: false,
  attention,
});

/** Two pairs whose first three tokens are given. */
const pairs: CleanWindows = {
  shape: [4, L],
  data: Int32Array.from({ length: 4 * L }, (_, i) => {
    const row = Math.floor(i / L);
    return i % L < 3 ? (row >> 1) + (i % L) : (i * (row + 2)) % 10;
  }),
  maskable: Uint8Array.from({ length: 4 * L }, (_, i) => Number(i % L >= 3)),
};

/** A policy in training, and the reference that it has left already. */
async function judges(attention: AttentionPattern, blockLength?: number, scale = 1.5) {
  const config = configOf(attention);
  const initial = initialParameters(config, names, 5);
  const moved = new Map(
    Array.from(initial, ([name, { shape, data }], n) => {
      const uniform = uniforms(8, 'synthetic', 0, n);
      return [name, { shape, data: data.map((value, i) => value + scale * 0.2 * (uniform(i) - 0.5)) }];
    }),
  );
  const adamW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, threads: 1 };
  const learner = await openLearner(config, names, moved, adamW);
  const networks = [{ arrays: () => learner.parameters() }, { arrays: () => initial }].map((weights) =>
    openNetwork(config, names, weights, { threads: 1 }),
  );
  const [policy, reference] = networks.map((network) =>
    blockLength === undefined ? networkScorer(network) : doubledNetworkScorer(network, blockLength),
  );
  const close = async () => {
    for (const each of [learner, ...networks]) await each.close();
  };
  return { learner, policy, reference, close };
}

const kinds: readonly (readonly [string, AttentionPattern, ValidationScoring, number?])[] = [
  ['masked diffusion', bidirectional, diffusionScoring({ maskId, draws: 5, seed: 1 })],
  ['block diffusion', bidirectional, blockScoring({ maskId, blockLength: 4, draws: 3, seed: 1 }), 4],
  ['a causal model', causal, causalScoring({ startId: 0 })],
];
for (const [name, attention, scoring, blockLength] of kinds)
  test(`${name}: the gradient is that of −log σ(z), by finite differences, in one batch or two`, async () => {
    const { learner, policy, reference, close } = await judges(attention, blockLength);
    const objective = preferences({ policy, reference, beta, scoringAt: () => scoring, blockLength });
    const place = { step: 0, firstRow: 0, batchRows: 4 };
    const lossOf = async () => {
      const { margins } = await compare({ policy, reference, beta }, pairs, { scoring });
      return margins.reduce((sum, z) => sum - Math.log(1 / (1 + Math.exp(-z))), 0) / margins.length;
    };
    const batch = await objective(pairs, place);
    assert.ok(Math.abs(batch.measured!.loss - (await lossOf())) < 1e-9);
    await learner.accumulate(batch);
    const gradients = new Map(Array.from(learner.gradients(), ([key, { data }]) => [key, data.slice()]));
    await learner.update(0);

    // a pair at a time, each with the masks that it has among others
    let loss = 0;
    for (const firstRow of [0, 2]) {
      const [from, to] = [firstRow * L, (firstRow + 2) * L];
      const [data, maskable] = [pairs.data.subarray(from, to), pairs.maskable!.subarray(from, to)];
      const half = await objective({ shape: [2, L], data, maskable }, { ...place, firstRow });
      loss += half.measured!.loss;
      await learner.accumulate(half);
    }
    assert.ok(Math.abs(loss - batch.measured!.loss) < 1e-6);
    for (const [key, { data }] of learner.gradients())
      for (const [i, value] of data.entries())
        assert.ok(Math.abs(value - gradients.get(key)![i]) < 1e-6, `${key}[${i}]`);

    let largest = 0;
    for (const [n, [key, { data }]] of [...learner.parameters()].entries()) {
      const gradient = gradients.get(key)!;
      // where the slope is steepest it can be measured in float32
      const i = gradient.reduce(
        (best, value, j) => (Math.abs(value) > Math.abs(gradient[best]) ? j : best),
        0,
      );
      const was = data[i];
      const at = async (value: number) => ((data[i] = value), await lossOf());
      const h = 4e-3;
      const difference = ((await at(was + h)) - (await at(was - h))) / (2 * h);
      data[i] = was;
      largest = Math.max(largest, Math.abs(gradient[i]));
      assert.ok(
        Math.abs(difference - gradient[i]) < 2e-4 + 0.01 * Math.abs(gradient[i]),
        `${n} ${key}[${i}]: ${difference}, not ${gradient[i]}`,
      );
    }
    assert.ok(largest > 0.01, `a gradient of ${largest} shows nothing`);
    await close();
  });

test('a policy that is its reference has margin 0 to the bit, and loss log 2', async () => {
  const { policy, reference, close } = await judges(bidirectional, undefined, 0);
  const [, , scoring] = kinds[0];
  const { margins } = await compare({ policy, reference, beta }, pairs, { scoring });
  assert.deepEqual([...margins], [0, 0]);
  await close();
});
