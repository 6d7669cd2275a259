import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, chiSquareLimit, exactJoint } from '../../test/exact-joint.ts';
import { inputs } from '../../test/inputs.ts';
import { linearNoise } from '../diffusion/noise-schedule.ts';
import { hole, layCanvas } from './canvas.ts';
import { decoder } from './decode.ts';
import type { MaskPredictor } from './predictor.ts';
import { sample, type SampleOptions } from './sample.ts';
import { ancestral, firstHitting, random, unmasking } from './strategies.ts';

// Against the truth: with the exact conditionals of a joint distribution as the predictor.
const joint = exactJoint(3, 3, ([a, b, c]) => 1 + 4 * a * b + (a === c ? 6 : 0) + 2 * c);

/** χ² of the texts of many seeds against the joint distribution. */
async function distance(canvas: Int32Array, options: Partial<SampleOptions>, draws: number): Promise<number> {
  const { maskId, sequences, probability, predict } = joint;
  const possible = sequences.map((x) => x.every((token, i) => canvas[i] === maskId || canvas[i] === token));
  const mass = probability.reduce((sum, p, n) => sum + (possible[n] ? p : 0), 0);
  const counts = sequences.map(() => 0);
  for (let seed = 0; seed < draws; seed++) {
    const decode = decoder({ temperature: 1, forbidden: [maskId] });
    let [a, b, c] = canvas;
    for await (const { tokens } of sample(predict, canvas, { maskId, decode, seed, ...options }))
      [a, b, c] = tokens;
    counts[a + 3 * b + 9 * c] += 1;
  }
  const chosen = <T>(list: readonly T[]): T[] => list.filter((_, n) => possible[n]);
  const total = counts.reduce((a, b) => a + b);
  assert.equal(
    chosen(counts).reduce((a, b) => a + b),
    total,
  );
  return chiSquare(
    chosen(counts),
    chosen(probability).map((p) => p / mass),
  );
}

const draws = inputs({ all: 4_000, few: 600 });

test('with one token a step, samples of an exact predictor follow the joint distribution', async () => {
  const empty = new Int32Array(3).fill(joint.maskId);
  const limit = chiSquareLimit(26);
  assert.ok((await distance(empty, { strategy: unmasking(random) }, draws)) < limit);
  assert.ok((await distance(empty, { strategy: unmasking(firstHitting) }, draws)) < limit);
  // left to right: blocks of one
  assert.ok((await distance(empty, { blockLength: 1 }, draws)) < limit);
  // all at once is the product of the marginals, and the test can tell
  assert.ok((await distance(empty, { steps: 1 }, draws)) > limit);
});

test('with many steps, so do ancestral samples', async () => {
  const empty = new Int32Array(3).fill(joint.maskId);
  const options = { strategy: unmasking(ancestral(linearNoise)), steps: 60 };
  assert.ok((await distance(empty, options, inputs({ all: 1_500, few: 400 }))) < chiSquareLimit(26));
});

test('infilling samples the conditional distribution', async () => {
  const given = Int32Array.of(joint.maskId, 2, joint.maskId);
  assert.ok((await distance(given, { strategy: unmasking(random) }, draws)) < chiSquareLimit(8));
});

test('an ancestral step from t to s reveals Binomial(n, 1 − s/t) positions', async () => {
  const n = 12;
  const steps = 3;
  const draws = inputs({ all: 3_000, few: 500 });
  const [V, M] = [7, 6];
  const flat: MaskPredictor = (_, rows) =>
    Promise.resolve({ shape: [rows.length, V], data: new Float32Array(rows.length * V) });
  const revealed = Array.from({ length: n + 1 }, () => 0);
  for (let seed = 0; seed < draws; seed++) {
    const frames = sample(flat, layCanvas([hole(n)], M), {
      maskId: M,
      steps,
      seed,
      strategy: unmasking(ancestral(linearNoise)),
    });
    for await (const { step, changed } of frames) if (step === 1) revealed[changed.length] += 1;
  }
  const binomial = revealed.map((_, k) => choose(n, k) * (1 / 3) ** k * (2 / 3) ** (n - k));
  // the rare counts together, so that each class is expected often enough
  const pooled = (list: readonly number[]): number[] => [
    ...list.slice(0, 9),
    list.slice(9).reduce((a, b) => a + b),
  ];
  assert.ok(chiSquare(pooled(revealed), pooled(binomial)) < chiSquareLimit(9));
});

function choose(n: number, k: number): number {
  return k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k;
}
