import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import type { Network } from '../model/network.ts';
import { openModel } from '../model/open.ts';
import { causalBlocks, cachedNetwork, predictorOf, type PredictorOptions } from './network-predictor.ts';
import { wholeCanvas } from '../sampling/predictor.ts';
import { withCache } from '../sampling/cache.ts';

test('what a block holds reaches the predictions of its own block and of later ones alone', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const { network } = await openModel(directory);
  t.after(() => network.close());
  const [L, N] = [12, 4];
  const rows = Int32Array.from({ length: L }, (_, i) => i);
  const xt = rows.map((i) => 5 + i);
  const changed = xt.map((token, i) => (i === 9 ? token + 1 : token));
  /** The positions whose predictions differ. */
  const reached = async (how: PredictorOptions = {}): Promise<number[]> => {
    const predict = predictorOf(network, how);
    const [a, b] = [await predict(xt, rows, wholeCanvas(L)), await predict(changed, rows, wholeCanvas(L))];
    const V = a.shape[1];
    return [...rows].filter((i) =>
      a.data.subarray(i * V, (i + 1) * V).some((logit, v) => logit !== b.data[i * V + v]),
    );
  };
  assert.deepEqual(await reached({ blockOf: causalBlocks(N) }), [8, 9, 10, 11]);
  assert.deepEqual(await reached(), [...rows]);
});

test('a row that no computed position predicts is told, and not left at zero', async () => {
  const made = { logits: { shape: [1, 2], data: Float32Array.of(1, 2) }, present: undefined };
  const network = { config: { shiftedLogits: false }, extend: async () => made } as unknown as Network;
  const [xt, computed] = [Int32Array.of(5, 6, 7, 8), Int32Array.of(0, 1)];
  const asked = cachedNetwork(network).forward(xt, computed, Int32Array.of(1, 3), undefined, wholeCanvas(4));
  await assert.rejects(asked, /2 rows are wanted, and 1 were computed/);
});

for (const [what, how] of [
  ['causal', { isCausal: true, startId: 1 }],
  ['block-causal', { blockOf: causalBlocks(96) }],
] as const satisfies [string, PredictorOptions][])
  test(`a long ${what} text is computed in pieces, and predicted as in one`, async (t) => {
    const directory = join(await temporaryFolder(t), 'tiny');
    const L = 1200;
    await writeTinyModel(directory, { isCausal: what === 'causal', maxLength: L });
    const { network } = await openModel(directory);
    t.after(() => network.close());
    const lengths: number[] = [];
    const watched = {
      ...network,
      config: network.config,
      extend: (...asked: Parameters<typeof network.extend>) => {
        lengths.push(asked[0].shape[1]);
        return network.extend(...asked);
      },
    };
    const xt = Int32Array.from({ length: L }, (_, i) => 5 + ((i * 7) % 40));
    const rows = Int32Array.of(1199, 3, 600, 601);
    const moment = wholeCanvas(L);
    const predict = withCache(cachedNetwork(watched, how), (canvas) => canvas.keys());
    const ours = await predict(xt, rows, moment);
    const { data, shape } = await predictorOf(network, how)(xt, rows, moment);
    assert.deepEqual(ours.shape, shape);
    for (const [i, value] of data.entries()) assert.ok(Math.abs(ours.data[i] - value) < 1e-4, `${i}`);
    assert.deepEqual(lengths, what === 'causal' ? [512, 512, 176] : [576, 576, 48]);
  });
