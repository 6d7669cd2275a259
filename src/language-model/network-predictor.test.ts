import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { openModel } from '../model/open.ts';
import { blockCausal, predictorOf } from './network-predictor.ts';
import { wholeCanvas } from '../sampling/predictor.ts';

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
  const reached = async (sees?: (query: number, key: number) => boolean): Promise<number[]> => {
    const predict = predictorOf(network, { sees });
    const [a, b] = [await predict(xt, rows, wholeCanvas(L)), await predict(changed, rows, wholeCanvas(L))];
    const V = a.shape[1];
    return [...rows].filter((i) =>
      a.data.subarray(i * V, (i + 1) * V).some((logit, v) => logit !== b.data[i * V + v]),
    );
  };
  assert.deepEqual(await reached(blockCausal(N)), [8, 9, 10, 11]);
  assert.deepEqual(await reached(), [...rows]);
});
