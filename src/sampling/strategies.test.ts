import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactJoint } from '../../test/exact-joint.ts';
import { readReference, referencePath } from '../../test/reference.ts';
import { readTensors } from '../../test/reference-llada.ts';
import { cosineNoise, linearNoise } from '../diffusion/noise-schedule.ts';
import { uniforms } from '../base/random.ts';
import { decoder } from './decode.ts';
import {
  ancestral,
  tokenEditing,
  entropy,
  entropyBound,
  factor,
  firstHitting,
  hierarchical,
  lowConfidence,
  margin,
  random,
  type ReverseStep,
  threshold,
  thresholdOrCount,
} from './strategies.ts';

const step = (fields: Partial<ReverseStep>): ReverseStep => ({
  positions: [1, 2, 3, 4, 5],
  masked: [1, 2, 4, 5],
  asked: [1, 2, 4, 5],
  xt: Int32Array.of(8, 9, 9, 3, 9, 9),
  x0: Int32Array.of(8, 1, 2, 3, 4, 5),
  likeliest: Int32Array.of(8, 1, 2, 3, 4, 5),
  steady: 0,
  confidence: Float64Array.of(NaN, 0.3, 0.9, NaN, 0.5, 0.3),
  margin: Float64Array.of(NaN, 0.2, 0.8, NaN, 0.1, 0.2),
  entropy: Float64Array.of(NaN, 0.4, 0.3, NaN, 0.9, 0.1),
  t: 1,
  s: 0.5,
  count: 2,
  uniform: (i) => [0.9, 0.1, 0.2, 0.9, 0.7, 0.6][i],
  ...fields,
});

test('low confidence keeps the surest, and the leftmost among equals', () => {
  assert.deepEqual(lowConfidence(step({})), [2, 4]);
  assert.deepEqual(lowConfidence(step({ count: 3 })), [2, 4, 1]);
  assert.deepEqual(lowConfidence(step({ count: 0 })), []);
});

test('margin keeps those whose likeliest token is farthest ahead', () => {
  assert.deepEqual(margin(step({})), [2, 1]);
});

test('entropy keeps those of least entropy', () => {
  assert.deepEqual(entropy(step({})), [5, 2]);
});

test('first hitting keeps one, wherever chance will have it', () => {
  assert.deepEqual(firstHitting(step({ count: 3 })), [4]);
});

test('factor keeps n while the n-th surest is at least 1 − f / (n + 1), and always the first', () => {
  const confidence = Float64Array.of(NaN, 0.75, 0.9, NaN, 0.7, 0.8);
  const kept = (f: number): number => factor(f)(step({ confidence })).length;
  // 2nd: 0.8 ≥ 1 − f/3 from f = 0.6; 3rd: 0.75 ≥ 1 − f/4 from f = 1; 4th: 0.7 ≥ 1 − f/5 from f = 1.5
  assert.deepEqual([0, 0.59, 0.61, 0.99, 1, 1.49, 1.51].map(kept), [1, 1, 2, 2, 3, 3, 4]);
  assert.deepEqual(factor(0.61)(step({ confidence })), [2, 5]);
});

test('what factor 1 keeps is the likeliest that could be written there together, for any joint distribution', () => {
  let several = 0;
  for (let n = 0; n < 300; n++) {
    const uniform = uniforms(n, 'synthetic');
    // one sequence stands out the more the larger n is
    const { sequences, probability } = exactJoint(3, 3, (x) => {
      const index = x[0] + 3 * x[1] + 9 * x[2];
      return uniform(index) ** 2 + (index === n % 27 ? n / 25 : 0);
    });
    const sum = (holds: (x: readonly number[]) => boolean): number =>
      sequences.reduce((mass, x, k) => mass + (holds(x) ? probability[k] : 0), 0);
    const marginals = [0, 1, 2].map((i) => [0, 1, 2].map((v) => sum((x) => x[i] === v)));
    const x0 = marginals.map((p) => p.indexOf(Math.max(...p)));
    const confidence = Float64Array.from(marginals, (p) => Math.max(...p));
    const kept = factor(1)(step({ masked: [0, 1, 2], confidence }));
    if (kept.length > 1) several += 1;
    const together = sequences.map((x) => sum((y) => kept.every((i) => y[i] === x[i])));
    const best = together.indexOf(Math.max(...together));
    assert.deepEqual(
      kept.map((i) => sequences[best][i]),
      kept.map((i) => x0[i]),
    );
  }
  assert.ok(several > 50, `${several} of 300 kept several`);
});

test('factor stops at the first that is not sure enough, though a later one would be', () => {
  // 1 − f/(n+1) rises with n and confidence falls, so what fails once fails for good
  assert.deepEqual(factor(1)(step({ confidence: Float64Array.of(0, 0.6, 0.99, 0, 0.6, 0.6) })), [2]);
});

test('what factor 1 keeps is likeliest together too: 1 − Σ (1 − conf) exceeds every alternative', () => {
  // Fast-dLLM Theorem 1: with n marginals above 1 − 1/(n + 1), no other joint assignment can be as likely
  for (let n = 2; n <= 6; n++) {
    const edge = 1 - 1 / (n + 1) + 1e-6;
    const confidence = new Float64Array(n).fill(edge);
    const kept = factor(1)(step({ masked: [...confidence.keys()], confidence }));
    assert.equal(kept.length, n);
    const togetherAtLeast = 1 - n * (1 - edge); // union bound
    const anotherAtMost = 1 - edge; // it differs somewhere
    assert.ok(togetherAtLeast > anotherAtMost);
    const below = new Float64Array(n).fill(edge - 2e-6);
    assert.ok(factor(1)(step({ masked: [...below.keys()], confidence: below })).length < n);
  }
});

test('entropy bound keeps in the order of entropy while the earlier ones are within it', () => {
  // in order: 5 (0.1), 2 (0.3), 1 (0.4), 4 (0.9)
  assert.deepEqual(entropyBound(0)(step({})), [5]);
  assert.deepEqual(entropyBound(0.09)(step({})), [5]);
  assert.deepEqual(entropyBound(0.1)(step({})), [5, 2]);
  assert.deepEqual(entropyBound(0.45)(step({})), [5, 2, 1]);
  assert.deepEqual(entropyBound(0.85)(step({})), [5, 2, 1, 4]);
});

test('hierarchical keeps the surest of each run of masks, and all of at least τ', () => {
  assert.deepEqual(hierarchical(0.95, 0.4)(step({})), [2, 4]); // runs 1 2 and 4 5
  assert.deepEqual(hierarchical(0.95, 0.5)(step({})), [2]);
  assert.deepEqual(hierarchical(0.3, 0.4)(step({})), [1, 2, 4, 5]);
  assert.deepEqual(hierarchical(0.95, 0.95)(step({})), [2], 'the surest of all whatever it is');
});

test('random keeps the count, by its own numbers alone', () => {
  assert.deepEqual(random(step({})), [4, 5]);
});

test('ancestral keeps masked what a coin of (1 − α(s)) / (1 − α(t)) says', () => {
  assert.deepEqual(ancestral(linearNoise)(step({})), [4, 5]); // s/t = 1/2
  assert.deepEqual(ancestral(linearNoise)(step({ t: 0.75, s: 0.5 })), [4]); // s/t = 2/3
  // sin(π/4) / sin(π/2) = 0.707
  assert.deepEqual(ancestral(cosineNoise)(step({})), []);
  assert.deepEqual(ancestral(cosineNoise)(step({ uniform: (i) => (i === 2 ? 0.71 : 0.7) })), [2]);
});

test('threshold keeps all of at least τ', () => {
  assert.deepEqual(threshold(0.5)(step({})), [2, 4]);
  assert.deepEqual(threshold(0.3)(step({})), [1, 2, 4, 5]);
});

test('threshold or count keeps all surer than τ, or the count where they are fewer', () => {
  assert.deepEqual(thresholdOrCount(0.5)(step({ count: 1 })), [2]); // 0.5 isn't surer than 0.5
  assert.deepEqual(thresholdOrCount(0.49)(step({ count: 1 })), [2, 4]);
  assert.deepEqual(thresholdOrCount(0.49)(step({ count: 3 })), [2, 4, 1]);
  assert.deepEqual(thresholdOrCount(0.95)(step({ count: 0 })), []);
});

test('editing reveals as threshold or count, and changes what another token is surer of than τ_edit', () => {
  // 1, 2 and 5 are masked and 3 is what the model would change; 4 stands and is predicted again
  const reverse = step({
    positions: [1, 2, 3, 4, 5],
    masked: [1, 2, 5],
    xt: Int32Array.of(8, 9, 9, 3, 4, 9),
    x0: Int32Array.of(8, 1, 2, 7, 4, 5),
    confidence: Float64Array.of(NaN, 0.3, 0.9, 0.8, 0.99, 0.3),
    count: 5, // the plan isn't asked
  });
  const { step: edit, finish, asks, rewrites } = tokenEditing(0.95, 0.7);
  assert.deepEqual(edit(reverse), { written: [2, 3], done: false });
  assert.deepEqual(tokenEditing(0.95, 0.8).step(reverse).written, [2]);
  assert.deepEqual(tokenEditing(0.2, 0.8).step(reverse).written, [1, 2, 5]);
  assert.deepEqual(tokenEditing(0.95, 0.8, { minReveal: 2 }).step(reverse).written, [2, 1]);
  assert.deepEqual(finish!({ ...reverse, s: 0 }).written, [1, 2, 5, 3], 'nothing is masked at s = 0');
  assert.deepEqual(asks!(reverse), [1, 2, 3, 4, 5]);
  assert.equal(rewrites, true);
  const settled = { ...reverse, masked: [], xt: Int32Array.of(8, 1, 2, 7, 4, 5), t: 0, s: 0 };
  assert.deepEqual(edit(settled), { written: [], done: true });
  assert.equal(edit({ ...settled, xt: Int32Array.of(8, 1, 2, 3, 4, 5) }).done, false);
});

test('threshold keeps the surest one when none reaches τ', () => {
  assert.deepEqual(threshold(0.95)(step({})), [2]);
  assert.deepEqual(threshold(1)(step({ masked: [1, 5] })), [1]);
});

test('entropies and what a bound accepts are those that DiffusionGemma’s code recorded', () => {
  interface Recorded {
    entropy_bound: {
      logits: string;
      entropy: string;
      cases: { entropy_bound: number; accepted_mask: number[][] }[];
    };
  }
  const { logits, entropy: entropies, cases } = readReference<Recorded>('diffusion_gemma').entropy_bound;
  const tensors = readTensors(referencePath('diffusion_gemma', 'reference.safetensors'));
  const [data, recorded] = [tensors.get(logits)!, tensors.get(entropies)!];
  const B = cases[0].accepted_mask.length;
  const L = recorded.length / B;
  for (let b = 0; b < B; b++) {
    const logits = {
      shape: [L, data.length / B / L],
      data: Float32Array.from(data.slice((b * data.length) / B, ((b + 1) * data.length) / B)),
    };
    const masked = [...Array(L).keys()];
    const prediction = decoder({})(
      { logits, rows: Int32Array.from(masked), xt: new Int32Array(L), t: 1 },
      () => 0.5,
    );
    prediction.entropy.forEach((nats, i) => {
      const difference = Math.abs(nats - recorded[b * L + i]);
      assert.ok(difference < 1e-4, `row ${b}, position ${i}: off by ${difference}`);
    });
    for (const { entropy_bound, accepted_mask } of cases) {
      const kept = entropyBound(entropy_bound)(step({ ...prediction, masked }));
      assert.deepEqual(
        [...kept].sort((i, j) => i - j),
        masked.filter((i) => accepted_mask[b][i] === 1),
        `bound ${entropy_bound}, row ${b}`,
      );
    }
  }
});
