import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, integerBelow, uniforms } from '../base/random.ts';
import { costsOf, maskedCanvas } from './scored-canvas.ts';
import { compare, measuresOf, preferenceLoss } from './preference-comparison.ts';
import type { RowScorer } from './scorer.ts';
import { diffusionScoring } from './validation.ts';

const maskId = 99;
const L = 20;

/** A model that pays for a token by its kind and place, and the more the less it sees. */
const madeUp =
  (price: number): RowScorer =>
  ({ tokens: { shape, data }, rows, targets }) => {
    const [B, width] = shape;
    const hidden = Array.from({ length: B }, (_, b) => {
      const canvas = data.subarray(b * width, (b + 1) * width);
      return canvas.filter((id) => id === maskId).length / width;
    });
    const cost = (row: number, r: number) =>
      (1 + 0.5 * Math.sin(3 * targets[r] + (row % width))) * (1 + price * hidden[Math.floor(row / width)]);
    return Promise.resolve(Float64Array.from(rows, cost));
  };
const [policy, reference] = [madeUp(1), madeUp(2)];

/** One pair, all of it to be scored. */
const pair = { shape: [2, L], data: Int32Array.from({ length: 2 * L }, (_, i) => (i * i) % 7) };

test('by hand: what z = 2 and z = −2 cost, and far from zero', () => {
  assert.ok(Math.abs(preferenceLoss(2) - 0.126928) < 1e-6);
  assert.ok(Math.abs(preferenceLoss(-2) - 2.126928) < 1e-6);
  assert.deepEqual([preferenceLoss(0), preferenceLoss(-1000), preferenceLoss(1000)], [Math.LN2, 1000, 0]);
  const { loss, margin, accuracy } = measuresOf(Float64Array.of(2, -2, 0, 4));
  assert.ok(Math.abs(loss - (0.126928 + 2.126928 + Math.LN2 + 0.01815) / 4) < 1e-6);
  assert.deepEqual([margin, accuracy], [1, 0.5]);
});

test('by hand: a policy that lost 3 nats on the chosen answer and 1 on the rejected one has z = −2 β', async () => {
  // of each answer a single token is masked, whose cost stands in for all of it
  const costs =
    (chosen: number, rejected: number): RowScorer =>
    ({ rows, tokens: { shape } }) =>
      Promise.resolve(Float64Array.from(rows, (row) => (row < shape[1] ? chosen : rejected)));
  const scoring = {
    exact: true,
    canvases: ({ x0 }: { x0: Int32Array }) => [maskedCanvas(x0, Int32Array.of(0), 1, maskId)],
  };
  const judges = { policy: costs(5, 7), reference: costs(2, 6), beta: 0.25 };
  const { margins } = await compare(judges, pair, { scoring });
  assert.deepEqual([...margins], [-0.5]);
});

const variance = (values: readonly number[]): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
};

const rounds = 200;
const budget = 8;

/** B of the first answer from so many times, drawn each for itself, and the masks of the budget shared out over them. */
async function bound(score: RowScorer, times: number, round: number): Promise<number> {
  const uniform = uniforms(3, 'synthetic', round);
  const canvases = Array.from({ length: budget }, (_, k) => {
    const l = 1 + integerBelow(L, uniform(k % times));
    const rows = choose(L, l, (i) => uniform(budget + k * L + i));
    return maskedCanvas(pair.data.subarray(0, L), rows, L / l, maskId);
  });
  return -(await costsOf(score, canvases)).reduce((sum, cost) => sum + cost, 0) / budget;
}

/** The variance of B_θ − B_ref. */
async function varianceOf(times: number, { shared }: { shared: boolean }): Promise<number> {
  const values: number[] = [];
  for (let r = 0; r < rounds; r++)
    values.push((await bound(policy, times, r)) - (await bound(reference, times, shared ? r : rounds + r)));
  return variance(values);
}

test('the margin varies less with masks that policy and reference share, with more times, and most evenly spread', async (t) => {
  const own = await varianceOf(budget, { shared: false });
  const shared = await varianceOf(budget, { shared: true });
  const fewTimes = await varianceOf(2, { shared: true });
  const margins: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const scoring = diffusionScoring({ maskId, draws: budget, seed: 4, round });
    margins.push((await compare({ policy, reference, beta: 1 }, pair, { scoring })).margins[0]);
  }
  // of two answers, so half of it is that of one
  const ours = variance(margins) / 2;
  t.diagnostic(
    `own masks ${own.toFixed(2)}, shared ${shared.toFixed(2)}, 2 times ${fewTimes.toFixed(2)}, ours ${ours.toFixed(2)}`,
  );
  assert.ok(shared < 0.5 * own, `${shared}, with masks of their own ${own}`);
  assert.ok(shared < 0.6 * fewTimes, `${shared}, with a quarter of the times ${fewTimes}`);
  assert.ok(ours < 0.5 * shared, `${ours}, with times drawn each for itself ${shared}`);
});
