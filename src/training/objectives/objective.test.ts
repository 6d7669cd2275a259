import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactScorer, randomJoint } from '../../../test/exact-scorer.ts';
import { cosineNoise, linearNoise, polynomial } from '../../diffusion/noise-schedule.ts';
import { antithetic, independent, lowDiscrepancy } from '../../diffusion/times.ts';
import type { CleanWindows } from '../../diffusion/clean-windows.ts';
import type { RowScorer } from '../../likelihood/scorer.ts';
import { uniforms } from '../../base/random.ts';
import type { TrainingBatch } from '../learner.ts';
import { autoregressive, blockDiffusion, maskedDiffusion, noisedBatch, withPrompts } from './objective.ts';

const maskId = 9;
const windows = { shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) };

async function lossOf(score: RowScorer, batch: TrainingBatch): Promise<number> {
  const nats = await score(batch);
  return batch.weights.reduce((sum, weight, r) => sum + weight * nats[r], 0);
}

function rowsOfText(count: number, length: number): CleanWindows {
  return {
    shape: [count, length],
    data: Int32Array.from({ length: count * length }, (_, i) => i % 7),
  };
}

test('by hand: masked rows are scored against x_0 with weight 1 / (p · B · L)', () => {
  const u = [
    [0.1, 0.9, 0.2],
    [0.8, 0.7, 0.95],
  ];
  const batch = noisedBatch(windows, {
    schedule: linearNoise,
    eps: 0,
    maskId,
    times: [0.5, 0.75],
    noise: (b) => (i) => u[b][i],
    batchRows: 2,
  });
  assert.deepEqual(batch.tokens, { shape: [2, 3], data: Int32Array.of(9, 2, 9, 4, 9, 6) });
  assert.deepEqual([...batch.rows], [0, 2, 4]);
  assert.deepEqual([...batch.targets], [1, 3, 5]);
  assert.deepEqual([...batch.weights], [1 / 3, 1 / 3, 1 / 0.75 / 6].map(Math.fround));
  assert.deepEqual([...windows.data], [1, 2, 3, 4, 5, 6]);
});

test('by hand: an answer counts by its own length, and its prompt is neither masked nor scored', () => {
  const batch = noisedBatch(
    { ...windows, maskable: Uint8Array.of(0, 1, 1, 0, 0, 1) },
    { schedule: linearNoise, eps: 0, maskId, times: [1, 0.5], noise: () => () => 0.4, batchRows: 2 },
  );
  assert.deepEqual([...batch.tokens.data], [1, 9, 9, 4, 5, 9]);
  assert.deepEqual([...batch.rows], [1, 2, 5]);
  assert.deepEqual([...batch.weights], [1 / 4, 1 / 4, 1]);
});

test('a row in which nothing was masked contributes nothing', () => {
  const batch = noisedBatch(windows, {
    schedule: linearNoise,
    maskId,
    times: [0.5, 0.5],
    noise: () => () => 0.9,
    batchRows: 2,
  });
  assert.equal(batch.rows.length, 0);
  assert.equal(batch.weights.length, 0);
  assert.deepEqual(batch.tokens.data, windows.data);
});

test('the causal model reads a start token and the text but its last token, and every row counts the same', () => {
  const batch = autoregressive({ startId: 8 })(windows, { step: 0, firstRow: 0, batchRows: 2 });
  assert.deepEqual([...batch.tokens.data], [8, 1, 2, 8, 4, 5]);
  assert.deepEqual([...batch.rows], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...batch.targets], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    [...batch.weights],
    Array.from({ length: 6 }, () => Math.fround(1 / 6)),
  );
  const answer = autoregressive({ startId: 8 })(
    { ...windows, maskable: Uint8Array.of(0, 1, 1, 0, 0, 1) },
    { step: 0, firstRow: 0, batchRows: 2 },
  );
  assert.deepEqual([...answer.rows], [1, 2, 5]);
  assert.deepEqual([...answer.weights], [1 / 4, 1 / 4, 1 / 2]);
});

test('micro-batches together are the whole batch: the same masks, targets and weights', () => {
  const all = rowsOfText(12, 10);
  for (const objective of [
    maskedDiffusion({ seed: 3, schedule: cosineNoise, maskId }),
    maskedDiffusion({ seed: 3, schedule: linearNoise, maskId, times: antithetic(independent) }),
    autoregressive({ startId: 8 }),
  ]) {
    const whole = objective(all, { step: 4, firstRow: 0, batchRows: 12 });
    const parts = [0, 4, 8].map((firstRow) =>
      objective(
        { shape: [4, 10], data: all.data.subarray(firstRow * 10, (firstRow + 4) * 10) },
        { step: 4, firstRow, batchRows: 12 },
      ),
    );
    assert.deepEqual(
      parts.flatMap(({ tokens }) => [...tokens.data]),
      [...whole.tokens.data],
    );
    assert.deepEqual(
      parts.flatMap(({ rows }, part) => Array.from(rows, (row) => row + part * 40)),
      [...whole.rows],
    );
    assert.deepEqual(
      parts.flatMap(({ targets }) => [...targets]),
      [...whole.targets],
    );
    assert.deepEqual(
      parts.flatMap(({ weights }) => Array.from(weights)),
      [...whole.weights],
    );
  }
});

test('the masks of a step are the same each time, and others in the next step and under another seed', () => {
  const all = rowsOfText(4, 16);
  const place = { step: 4, firstRow: 0, batchRows: 4 };
  const objective = maskedDiffusion({ seed: 3, schedule: linearNoise, maskId });
  assert.deepEqual(objective(all, place), objective(all, place));
  assert.notDeepEqual(objective(all, place).rows, objective(all, { ...place, step: 5 }).rows);
  assert.notDeepEqual(
    objective(all, place).rows,
    maskedDiffusion({ seed: 4, schedule: linearNoise, maskId })(all, place).rows,
  );
});

test('times and masks are the numbers of their own purposes at the step and the row', () => {
  const all = rowsOfText(4, 16);
  const whole = { step: 6, firstRow: 0, batchRows: 4 };
  assert.deepEqual(
    maskedDiffusion({ seed: 3, schedule: linearNoise, maskId })(all, whole),
    noisedBatch(all, {
      schedule: linearNoise,
      maskId,
      times: lowDiscrepancy(4, uniforms(3, 'time', 6)),
      noise: (row) => uniforms(3, 'mask', 6, row),
      batchRows: 4,
    }),
  );
});

test('a batch has as many masks as its times say, spread over rows from few to many', () => {
  const B = 32;
  const L = 200;
  const all = rowsOfText(B, L);
  const { rows } = maskedDiffusion({ seed: 1, schedule: linearNoise, maskId })(all, {
    step: 0,
    firstRow: 0,
    batchRows: B,
  });
  const shares = Array.from(
    { length: B },
    (_, b) => rows.filter((row) => Math.floor(row / L) === b).length / L,
  ).sort((a, b) => a - b);
  for (const [i, share] of shares.entries()) assert.ok(Math.abs(share - (i + 0.5) / B) < 0.12, `${shares}`);
});

test('the mean loss is the bound in nats a token, for every schedule and way to draw times', async () => {
  const joint = randomJoint(3, 5, 4);
  const score = exactScorer(joint);
  const x0 = joint.sequences[77];
  const expected = -Math.log(joint.probability[77]) / 5;
  const B = 32;
  const batch = { shape: [B, 5], data: Int32Array.from(Array.from({ length: B }, () => x0).flat()) };
  for (const schedule of [linearNoise, cosineNoise, polynomial(2)]) {
    for (const times of [independent, lowDiscrepancy, antithetic(lowDiscrepancy)]) {
      const objective = maskedDiffusion({ seed: 2, schedule, eps: 1e-3, maskId: joint.maskId, times });
      const losses = [];
      for (let step = 0; step < 150; step++) {
        losses.push(await lossOf(score, objective(batch, { step, firstRow: 0, batchRows: B })));
      }
      const mean = losses.reduce((a, b) => a + b) / losses.length;
      const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / (losses.length - 1);
      const error = Math.sqrt(variance / losses.length);
      // with a floor of 10⁻³ the mean is within 10⁻³ of the cost's range of the bound
      assert.ok(Math.abs(mean - expected) < 4 * error + 2e-3, `${mean} ± ${error}, ${expected}`);
      assert.ok(error < 0.08, `${error}`);
    }
  }
});

test('windows of another shape than [B, L] are refused', () => {
  const objective = autoregressive({ startId: 0 });
  const place = { step: 0, firstRow: 0, batchRows: 2 };
  assert.throws(() => objective({ shape: [2, 4], data: new Int32Array(6) }, place), {
    name: 'InvariantError',
  });
});

test('with prompts, the asked-for share of windows begins with given text, of every length alike, and is weighted as an answer', () => {
  const [B, L] = [400, 8];
  const all = maskedDiffusion({
    seed: 3,
    schedule: linearNoise,
    maskId,
    times: (count) => new Float64Array(count).fill(1),
  });
  const place = { step: 5, firstRow: 0, batchRows: B };
  const { tokens, rows, weights } = withPrompts(all, { seed: 3, share: 0.5 })(rowsOfText(B, L), place);
  const given = Array.from({ length: B }, (_, b) => tokens.data.subarray(b * L, (b + 1) * L).indexOf(maskId));
  assert.ok(Math.abs(given.filter((length) => length > 0).length / B - 0.5 * (7 / 8)) < 0.08);
  for (let length = 0; length < L; length++)
    assert.ok(given.includes(length), `no prompt of ${length} tokens`);
  for (const [r, row] of rows.entries()) {
    const expected = 1 / B / (L - given[Math.floor(row / L)]);
    assert.ok(row % L >= given[Math.floor(row / L)] && Math.abs(weights[r] / expected - 1) < 1e-6);
  }
});

test('with prompts, a batch in parts is the batch as a whole', () => {
  const objective = withPrompts(maskedDiffusion({ seed: 1, schedule: linearNoise, maskId }), {
    seed: 1,
    share: 0.7,
  });
  const whole = objective(rowsOfText(6, 5), { step: 2, firstRow: 0, batchRows: 6 });
  const second = { shape: [3, 5], data: rowsOfText(6, 5).data.slice(15) };
  const part = objective(second, { step: 2, firstRow: 3, batchRows: 6 });
  assert.deepEqual(part.tokens.data, whole.tokens.data.slice(15));
  assert.deepEqual(part.weights, whole.weights.slice(-part.weights.length));
});

const inBlocks = (blockLength: number, changes: Partial<Parameters<typeof blockDiffusion>[0]> = {}) =>
  blockDiffusion({ seed: 1, schedule: linearNoise, maskId, blockLength: () => blockLength, ...changes });

test('block diffusion reads noisy and clean text, and scores masked rows of the noisy half against x_0', () => {
  const text = rowsOfText(3, 8);
  const { tokens, rows, targets, textTokens } = inBlocks(3)(text, { step: 0, firstRow: 0, batchRows: 3 });
  assert.deepEqual(tokens.shape, [3, 16]);
  assert.equal(textTokens, 24);
  let masked = 0;
  for (let b = 0; b < 3; b++) {
    const x0 = text.data.subarray(8 * b, 8 * b + 8);
    const [noisy, clean] = [0, 8].map((half) => tokens.data.subarray(16 * b + half, 16 * b + half + 8));
    assert.deepEqual(clean, x0);
    for (const [i, token] of noisy.entries()) {
      const r = rows.indexOf(16 * b + i);
      assert.equal(token, r < 0 ? x0[i] : maskId);
      if (r < 0) continue;
      assert.equal(targets[r], x0[i]);
      masked++;
    }
  }
  assert.equal(masked, rows.length);
});

test('in blocks of one token all are masked and weigh alike, whatever the schedule', () => {
  const batch = inBlocks(1, { schedule: cosineNoise })(rowsOfText(2, 5), {
    step: 3,
    firstRow: 0,
    batchRows: 2,
  });
  assert.deepEqual([...batch.rows], [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
  assert.deepEqual(new Set(batch.weights), new Set([Math.fround(0.1)]));
});

test('one block over the window is masked diffusion to the bit', () => {
  const place = { step: 5, firstRow: 0, batchRows: 4 };
  const text = rowsOfText(4, 6);
  const whole = maskedDiffusion({ seed: 1, schedule: linearNoise, maskId })(text, place);
  assert.deepEqual(inBlocks(6)(text, place), whole);
});

test('every block has a time of its own, and a constant cost costs that much on average', () => {
  const rows = 40;
  const text = rowsOfText(rows, 12);
  let sum = 0;
  const steps = 60;
  const shares = new Set<number>();
  for (let step = 0; step < steps; step++) {
    const { weights } = inBlocks(4)(text, { step, firstRow: 0, batchRows: rows });
    for (const weight of weights) shares.add(weight);
    sum += weights.reduce((total, weight) => total + weight, 0) / steps;
  }
  assert.ok(shares.size > 2.5 * rows * steps * 0.8);
  assert.ok(Math.abs(sum - 1) < 0.03, `${sum}`);
});

test('micro-batches of block diffusion have the rows and weights of the whole batch', () => {
  const objective = inBlocks(4);
  const text = rowsOfText(4, 8);
  const whole = objective(text, { step: 2, firstRow: 0, batchRows: 4 });
  const parts = [0, 2].map((firstRow) =>
    objective(
      { shape: [2, 8], data: text.data.subarray(8 * firstRow, 8 * firstRow + 16) },
      { step: 2, firstRow, batchRows: 4 },
    ),
  );
  assert.deepEqual(
    [...whole.tokens.data],
    parts.flatMap(({ tokens }) => [...tokens.data]),
  );
  assert.deepEqual(
    [...whole.weights],
    parts.flatMap(({ weights }) => [...weights]),
  );
});
