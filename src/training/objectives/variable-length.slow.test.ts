import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../../test/small-network.ts';
import { linearNoise } from '../../diffusion/noise-schedule.ts';
import { llada } from '../../model/families/llada.ts';
import { initialParameters } from '../../model/initialise.ts';
import { openNetwork } from '../../model/network.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import { openLearner } from '../graph-learner.ts';
import { maskedDiffusion } from './objective.ts';
import { withHoles } from './variable-length.ts';

const [maskId, expandId, deleteId] = [20, 21, 22];
const [L, surplus] = [24, 4];
const W = L - surplus;
const holes = (share: number) =>
  withHoles(maskedDiffusion({ seed: 1, schedule: linearNoise, maskId }), {
    seed: 1,
    schedule: linearNoise,
    maskId,
    expandId,
    deleteId,
    share,
    surplus,
  });

/** Letters in a circle of 12 from somewhere on: how many are between two others can be told. */
function circles(B: number, step: number) {
  const start = uniforms(7, 'synthetic', step);
  const data = Int32Array.from({ length: B * L }, (_, i) => {
    const b = Math.floor(i / L);
    return (integerBelow(12, start(b)) + (i % L)) % 12;
  });
  return { shape: [B, L], data };
}

test('masks taken for what they stand for, a row with a hole is the beginning of its window', () => {
  const B = 300;
  const windows = circles(B, 0);
  const { tokens, rows, targets } = holes(1)(windows, { step: 0, firstRow: 0, batchRows: B });
  assert.deepEqual(tokens.shape, [B, W]);
  const target = new Map(Array.from(rows, (row, r) => [row, targets[r]]));
  const counts = { expand: 0, delete: 0 };
  for (let b = 0; b < B; b++) {
    const text: number[] = [];
    for (let i = b * W; i < (b + 1) * W; i++) {
      const stands = target.get(i) ?? tokens.data[i];
      assert.equal(tokens.data[i] === maskId, target.has(i));
      if (stands === expandId) {
        counts.expand++;
        for (const _ of [1, 2]) text.push(windows.data[b * L + text.length]);
      } else if (stands === deleteId) counts.delete++;
      else text.push(stands);
    }
    assert.deepEqual(text, [...windows.data.subarray(b * L, b * L + text.length)]);
  }
  assert.ok(counts.expand > B / 10 && counts.delete > B / 2, JSON.stringify(counts));
});

test('a third of the holes each is too short, right and too long; half are masked whole, and short ones are as frequent as long', () => {
  const B = 3000;
  const windows = circles(B, 2);
  const { tokens, rows, targets } = holes(1)(windows, { step: 0, firstRow: 0, batchRows: B });
  const shares = { expands: 0, deletes: 0, whole: 0, upTo4: 0 };
  const ofWindow = Array.from({ length: B }, (): number[] => []);
  for (const [r, row] of rows.entries()) ofWindow[Math.floor(row / W)].push(r);
  for (const [b, mine] of ofWindow.entries()) {
    if (mine.some((r) => targets[r] === expandId)) shares.expands += 1 / B;
    if (mine.some((r) => targets[r] === deleteId)) shares.deletes += 1 / B;
    const masks = tokens.data.subarray(b * W, (b + 1) * W).filter((id) => id === maskId).length;
    const isRun = mine.every((r, k) => k === 0 || rows[r] === rows[mine[k - 1]] + 1);
    if (isRun && masks > 0) shares.whole += 1 / B;
    if (masks <= 4) shares.upTo4 += 1 / B;
  }
  // a hole of one token can't be too short; few masks of a hole that is partly written are a run, too
  assert.ok(shares.expands > 0.1 && shares.expands < 1 / 3, `${shares.expands}`);
  assert.ok(shares.deletes > 0.26 && shares.deletes < 1 / 3, `${shares.deletes}`);
  assert.ok(shares.whole > 0.6 && shares.whole < 0.9, `${shares.whole}`);
  assert.ok(shares.upTo4 > 0.5 && shares.upTo4 < 0.8, `${shares.upTo4}`);
});

test('windows without a hole are those of the objective, and the masks of a hole share one weight', () => {
  const windows = circles(40, 1);
  const place = { step: 1, firstRow: 0, batchRows: 40 };
  const first = {
    shape: [40, W],
    data: windows.data.filter((_, i) => i % L < W),
  };
  assert.deepEqual(
    holes(0)(windows, place),
    maskedDiffusion({ seed: 1, schedule: linearNoise, maskId })(first, place),
  );
  const { rows, weights } = holes(1)(windows, place);
  const perWindow = new Map<number, number[]>();
  for (const [r, row] of rows.entries()) {
    const b = Math.floor(row / W);
    perWindow.set(b, [...(perWindow.get(b) ?? []), weights[r]]);
  }
  for (const mine of perWindow.values())
    for (const weight of mine) assert.ok(Math.abs(weight - 1 / (40 * mine.length)) < 1e-8);
});

test('a small model learns to expand a hole that is too short and to delete from one that is too long', async () => {
  const config = {
    ...smallNetwork,
    layers: 2,
    width: 48,
    heads: 4,
    kvHeads: 4,
    hidden: 96,
    vocabularySize: 23,
    maxLength: L,
    qkvBias: false,
    tiedHead: false,
  };
  const learner = await openLearner(config, llada.names, initialParameters(config, llada.names, 1), {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.01,
    clip: 1,
    threads: 1,
  });
  const B = 32;
  const objective = holes(1);
  const steps = 400;
  for (let step = 0; step < steps; step++) {
    await learner.accumulate(objective(circles(B, step), { step, firstRow: 0, batchRows: B }));
    await learner.update(4e-3 * Math.min(1, (steps - step) / 100));
  }
  const network = openNetwork(config, llada.names, { arrays: () => learner.averages() });
  /** Tokens more than masks in a hole between letters, as the model expects it: Σ p(expand) − p(delete). */
  const lacking = async (missing: number, masks: number) => {
    const tokens = [0, 1, 2, 3, 4, 5, ...Array<number>(masks).fill(maskId)];
    const rows = Int32Array.from({ length: masks }, (_, i) => 6 + i);
    for (let letter = 6 + missing; tokens.length < W; letter++) tokens.push(letter % 12);
    const { data } = await network.logits({ shape: [1, W], data: Int32Array.from(tokens) }, rows);
    return rows.reduce((sum, _, r) => {
      const odds = data.subarray(23 * r, 23 * r + 23).map(Math.exp);
      return sum + (odds[expandId] - odds[deleteId]) / odds.reduce((all, value) => all + value, 0);
    }, 0);
  };
  for (const [missing, masks] of [
    [4, 2],
    [3, 2],
    [4, 4],
    [2, 5],
    [1, 4],
  ]) {
    const found = await lacking(missing, masks);
    assert.ok(Math.abs(found - (missing - masks)) < 1.2, `${missing} letters, ${masks} masks: ${found}`);
  }
  await network.close();
  await learner.close();
});
