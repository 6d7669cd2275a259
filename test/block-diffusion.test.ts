import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from './small-network.ts';
import { doubledMask, doubledPositions } from '../src/diffusion/block-diffusion.ts';
import { linearNoise } from '../src/diffusion/noise-schedule.ts';
import { blockBound, bound, chainRule, doubledBound } from '../src/likelihood/likelihood.ts';
import { causal } from '../src/model/attention-pattern.ts';
import type { TransformerConfig } from '../src/model/config.ts';
import { llada } from '../src/model/families/llada.ts';
import { initialParameters } from '../src/model/initialise.ts';
import { type Network, openNetwork } from '../src/model/network.ts';
import { openModel } from '../src/model/open.ts';
import { causalBlocks, predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { uniforms } from '../src/base/random.ts';
import { blockCausalCache, withCache } from '../src/sampling/cache.ts';
import { wholeCanvas } from '../src/sampling/predictor.ts';
import { scorerOfPredictor } from '../src/likelihood/scorer.ts';
import { doubledNetworkScorer, networkScorer } from '../src/language-model/network-scorer.ts';
import { blockDiffusion } from '../src/training/objectives/objective.ts';
import { readReference, referencePath } from './reference.ts';

// Block diffusion of a network with random weights: one forward over [x_t ; x_0] against everything that it stands for.

const maskId = 10;
const config: TransformerConfig = {
  ...smallNetwork,
  layers: 2,
  width: 32,
  heads: 4,
  hidden: 48,
  maxLength: 14,
  qkvBias: false,
  tiedHead: false,
};
const parameters = initialParameters(config, llada.names, 3);
const opened = (changes: Partial<TransformerConfig> = {}): Network =>
  openNetwork({ ...config, ...changes }, llada.names, { arrays: () => parameters });

const L = 7; // the last block is shorter
const x0 = Int32Array.from({ length: L }, (_, i) => Math.floor(uniforms(1, 'synthetic')(i) * maskId));
const options = { x0, maskId, draws: 5, uniform: uniforms(4, 'likelihood') };
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 2e-5 * Math.abs(expected), `${actual}, not ${expected}`);

test('in blocks of one token the bound is the likelihood of writing from left to right, and exact', async () => {
  const network = opened();
  const inBlocks = await doubledBound(doubledNetworkScorer(network, 1), { ...options, blockLength: 1 });
  assert.deepEqual([inBlocks.forwards, inBlocks.standardError], [1, 0]);
  const written = await chainRule(scorerOfPredictor(predictorOf(network, { blockOf: causalBlocks(1) })), {
    ...options,
    order: Int32Array.from(x0.keys()),
  });
  near(inBlocks.nats, written.nats);
  await network.close();
});

test('one block over the whole text is masked diffusion', async () => {
  const network = opened();
  for (const blockLength of [L, L + 3]) {
    const inBlocks = await doubledBound(doubledNetworkScorer(network, blockLength), {
      ...options,
      blockLength,
    });
    const whole = await bound(networkScorer(network), options);
    near(inBlocks.nats, whole.nats);
    near(inBlocks.standardError, whole.standardError);
  }
  await network.close();
});

for (const blockLength of [2, 3]) {
  test(`in blocks of ${blockLength} it is the bound block by block, under the block-causal mask`, async () => {
    const network = opened();
    const score = scorerOfPredictor(predictorOf(network, { blockOf: causalBlocks(blockLength) }));
    const inTurn = await blockBound(score, { ...options, blockLength });
    const atOnce = await doubledBound(doubledNetworkScorer(network, blockLength), {
      ...options,
      blockLength,
    });
    near(atOnce.nats, inTurn.nats);
    assert.ok(atOnce.forwards < inTurn.forwards);
    await network.close();
  });
}

test('a network that predicts the next token begins, in blocks of one, with the loss of its causal self', async () => {
  const shifted = opened({ shiftedLogits: true });
  const causalSelf = opened({ attention: causal });
  const positions = Int32Array.from(x0.keys()).subarray(1);
  const { nats } = await doubledBound(doubledNetworkScorer(shifted, 1), {
    ...options,
    positions,
    blockLength: 1,
    shiftedLogits: true,
  });
  const tokens = { shape: [1, L], data: x0 };
  const costs = await causalSelf.score(
    tokens,
    positions.map((i) => i - 1),
    positions.map((i) => x0[i]),
  );
  near(
    nats,
    costs.reduce((sum, cost) => sum + cost, 0),
  );
  await shifted.close();
  await causalSelf.close();
});

for (const shiftedLogits of [false, true]) {
  test(`what is learned from [x_t ; x_0] is what is predicted block by block with the exact cache${shiftedLogits ? ', shifted' : ''}`, async () => {
    const network = opened({ shiftedLogits });
    const [B, N] = [2, 3];
    const batch = blockDiffusion({
      seed: 2,
      schedule: linearNoise,
      maskId,
      blockLength: () => N,
      shiftedLogits,
    })(
      { shape: [B, L], data: Int32Array.from([...x0, ...Array.from(x0).toReversed()]) },
      { step: 0, firstRow: 0, batchRows: B },
    );
    const { data } = await network.logits(batch.tokens, batch.rows, {
      positions: batch.positions,
      attentionMask: repeated(batch.attentionMask!, B),
    });
    const V = config.vocabularySize;
    for (let b = 0; b < B; b++) {
      const [noisy, clean] = [0, L].map((half) =>
        batch.tokens.data.slice(2 * b * L + half, 2 * b * L + half + L),
      );
      const how = { blockOf: causalBlocks(N) };
      const cached = withCache(cachedNetwork(network, how), blockCausalCache(N));
      for (let start = 0; start < L; start += N) {
        // as in sampling: the blocks before are clean, this one is noisy, those after it are masked
        const canvas = clean.map((token, i) => (i < start ? token : i < start + N ? noisy[i] : maskId));
        const masked = [...canvas.keys()].filter((i) => i >= start && i < start + N && canvas[i] === maskId);
        if (masked.length === 0) continue;
        const block = { ...wholeCanvas(L), block: { index: start / N, start, end: Math.min(start + N, L) } };
        const { data: expected } = await cached(canvas, Int32Array.from(masked), block);
        for (const [k, i] of masked.entries()) {
          const scored = batch.rows.findIndex((row) => Math.floor(row / (2 * L)) === b && row % L === i);
          for (let v = 0; v < V; v++)
            assert.ok(Math.abs(data[scored * V + v] - expected[k * V + v]) < 1e-4, `row ${b}, position ${i}`);
        }
      }
    }
    await network.close();
  });
}

for (const family of ['a2d_llama', 'a2d_qwen2', 'a2d_qwen3', 'llada2', 'llada21']) {
  test(`${family}: the noisy half of a forward over both equals each block beside cached ones`, async () => {
    const { network } = await openModel(referencePath(family));
    const { forward, special_ids } = readReference<{
      forward: Record<string, { input_ids: number[][] }>;
      special_ids: { mask: number };
    }>(family);
    const N = 4;
    const clean = Int32Array.from((forward.plain_b1 ?? forward.block_causal_b1).input_ids[0]);
    const length = clean.length;
    const noisy = clean.map((token, i) => (i % 3 === 1 ? special_ids.mask : token));
    const rows = Int32Array.from(noisy.keys()).filter((i) => noisy[i] === special_ids.mask);
    const { data, shape } = await network.logits(
      { shape: [1, 2 * length], data: Int32Array.from([...noisy, ...clean]) },
      rows,
      { positions: doubledPositions(1, length), attentionMask: doubledMask(length, N) },
    );
    const cached = withCache(cachedNetwork(network, { blockOf: causalBlocks(N) }), blockCausalCache(N));
    for (let start = 0; start < length; start += N) {
      const mine = rows.filter((i) => i >= start && i < start + N);
      if (mine.length === 0) continue;
      const canvas = clean.map((token, i) => (i < start ? token : noisy[i]));
      const moment = {
        ...wholeCanvas(length),
        block: { index: start / N, start, end: Math.min(start + N, length) },
      };
      const { data: expected } = await cached(canvas, mine, moment);
      const first = rows.indexOf(mine[0]) * shape[1];
      for (const [index, value] of expected.entries())
        assert.ok(Math.abs(value - data[first + index]) <= 2e-4, `block at ${start}: ${value}`);
    }
    await network.close();
  });
}

function repeated({ shape: [, Q, S], data }: { shape: readonly number[]; data: Uint8Array }, B: number) {
  const all = new Uint8Array(B * data.length);
  for (let b = 0; b < B; b++) all.set(data, b * data.length);
  return { shape: [B, Q, S], data: all };
}
