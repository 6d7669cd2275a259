import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearNoise } from '../../diffusion/noise-schedule.ts';
import { withAnnealedAttention } from './attention-annealing.ts';
import { maskedDiffusion } from './objective.ts';

const L = 40;
const windows = { shape: [2, L], data: new Int32Array(2 * L) };
const plain = maskedDiffusion({ seed: 3, schedule: linearNoise, maskId: 9 });
const objective = withAnnealedAttention(plain, { seed: 3, updates: 10 });
const at = (step: number) => objective(windows, { step, firstRow: 0, batchRows: 2 });

test('attention is causal at first, half open half-way, and has no mask at the end', () => {
  for (const step of [0, 5]) {
    const { shape, data } = at(step).attentionMask!;
    assert.deepEqual(shape, [1, L, L]);
    let open = 0;
    for (const [index, sees] of data.entries()) {
      const [query, key] = [Math.floor(index / L), index % L];
      if (key <= query) assert.equal(sees, 1);
      else open += sees;
    }
    const share = open / ((L * (L - 1)) / 2);
    assert.ok(Math.abs(share - step / 10) < 0.06, `${share} at step ${step}`);
  }
  assert.equal(at(10).attentionMask, undefined);
});

test('what is masked and scored is not changed by it', () => {
  const place = { step: 5, firstRow: 0, batchRows: 2 };
  assert.deepEqual(
    { ...at(5), attentionMask: undefined },
    { ...plain(windows, place), attentionMask: undefined },
  );
});
