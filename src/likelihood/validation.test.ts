import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactScorer, randomJoint } from '../../test/exact-scorer.ts';
import type { CleanWindows } from '../diffusion/clean-windows.ts';
import { uniforms } from '../base/random.ts';
import { bound } from './likelihood.ts';
import type { RowScorer } from './scorer.ts';
import { causalScoring, diffusionScoring, validate } from './validation.ts';

const joint = randomJoint(3, 4, 2);
const exact = exactScorer(joint);
const { maskId } = joint;

/** Windows drawn from the joint distribution. */
function drawn(count: number, seed: number): CleanWindows {
  const uniform = uniforms(seed, 'evaluation');
  const rows = Array.from({ length: count }, (_, w) => {
    let left = uniform(w);
    return joint.sequences[joint.probability.findIndex((p) => (left -= p) < 0)];
  });
  return { shape: [count, 4], data: Int32Array.from(rows.flat()) };
}

const uniformModel: RowScorer = ({ rows }) =>
  Promise.resolve(new Float64Array(rows.length).fill(Math.log(65)));

test('a model that knows nothing costs log V, without error, for diffusion and causal alike', async () => {
  const windows = { shape: [5, 8], data: new Int32Array(40) };
  for (const scoring of [
    diffusionScoring({ maskId: 65, draws: 4, seed: 0 }),
    causalScoring({ startId: 65 }),
  ]) {
    const result = await validate(uniformModel, windows, { scoring, bytesPerToken: 1 });
    assert.ok(Math.abs(result.natsPerToken - Math.log(65)) < 1e-12);
    assert.ok(Math.abs(result.bitsPerByte! - Math.log2(65)) < 1e-12);
    assert.ok(result.standardError < 1e-12 && result.maskError < 1e-12);
    assert.equal(result.windows, 5);
    assert.equal(result.tokens, 40);
  }
});

test('by hand: windows that cost 2 and 4 nats over 2 tokens each cost 1.5 ± 0.5 a token, 1.5 / ln 2 / 3 bits a byte', async () => {
  const score: RowScorer = ({ rows }) => Promise.resolve(Float64Array.from(rows, (row) => (row < 2 ? 1 : 2)));
  const windows = { shape: [2, 2], data: Int32Array.of(5, 6, 7, 8) };
  const { natsPerToken, standardError, maskError, bitsPerByte } = await validate(score, windows, {
    scoring: causalScoring({ startId: 0 }),
    bytesPerToken: 3,
  });
  assert.equal(natsPerToken, 1.5);
  assert.ok(Math.abs(standardError - 0.5) < 1e-12);
  assert.equal(maskError, 0);
  assert.ok(Math.abs(bitsPerByte! - 1.5 / Math.LN2 / 3) < 1e-12);
});

test('the causal model reads the start token and then what stands before each token', async () => {
  const batches: Parameters<RowScorer>[0][] = [];
  const score: RowScorer = (batch) => {
    batches.push(batch);
    return Promise.resolve(new Float64Array(batch.rows.length));
  };
  const windows = { shape: [2, 3], data: Int32Array.of(5, 6, 7, 8, 9, 10) };
  await validate(score, windows, { scoring: causalScoring({ startId: 1 }) });
  assert.equal(batches.length, 1);
  assert.deepEqual([...batches[0].tokens.data], [1, 5, 6, 1, 8, 9]);
  assert.deepEqual([...batches[0].rows], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...batches[0].targets], [5, 6, 7, 8, 9, 10]);
});

test('with exact conditionals the validation bound is the entropy of the text within its errors', async () => {
  const windows = drawn(300, 1);
  const truth = Array.from(
    { length: 300 },
    (_, w) =>
      -Math.log(
        joint.probability[
          joint.sequences.findIndex((x) => x.every((token, i) => token === windows.data[w * 4 + i]))
        ],
      ),
  );
  const scoring = diffusionScoring({ maskId, draws: 16, seed: 3 });
  const { natsPerToken, standardError, maskError } = await validate(exact, windows, { scoring });
  const mean = truth.reduce((a, b) => a + b) / 300 / 4;
  const entropy = joint.probability.reduce((sum, p) => sum - p * Math.log(p), 0) / 4;
  assert.ok(maskError > 0 && maskError < 0.02 && maskError < standardError, `${maskError}, ${standardError}`);
  assert.ok(Math.abs(natsPerToken - mean) < 4 * maskError, `${natsPerToken} ± ${maskError}, ${mean}`);
  assert.ok(
    Math.abs(natsPerToken - entropy) < 4 * standardError,
    `${natsPerToken} ± ${standardError}, ${entropy}`,
  );
});

test('the masks of a window depend on the seed and its index alone', async () => {
  const windows = drawn(6, 2);
  const scoring = diffusionScoring({ maskId, draws: 4, seed: 7 });
  const whole = await validate(exact, windows, { scoring });
  assert.deepEqual(await validate(exact, windows, { scoring, batch: 5 }), whole);
  const third = await bound(exact, {
    x0: windows.data.subarray(8, 12),
    maskId,
    draws: 4,
    uniform: uniforms(7, 'likelihood', 0, 2),
  });
  const others = await Promise.all(
    [3, 2].map((count) =>
      validate(exact, { shape: [count, 4], data: windows.data.subarray(0, count * 4) }, { scoring }),
    ),
  );
  assert.ok(Math.abs(others[0].natsPerToken * 12 - others[1].natsPerToken * 8 - third.nats) < 1e-12);
  const other = await validate(exact, windows, { scoring: diffusionScoring({ maskId, draws: 4, seed: 8 }) });
  assert.notEqual(other.natsPerToken, whole.natsPerToken);
});

test('tokens that are given are neither scored nor masked, and a window of them alone does not count', async () => {
  const windows = {
    shape: [3, 2],
    data: Int32Array.of(1, 2, 0, 0, 2, 1),
    maskable: Uint8Array.of(1, 1, 0, 0, 0, 1),
  };
  const seen: number[] = [];
  const score: RowScorer = ({ tokens, rows, targets }) => {
    for (const [r, row] of rows.entries()) {
      assert.equal(tokens.data[row], maskId);
      seen.push(targets[r]);
    }
    return Promise.resolve(new Float64Array(rows.length).fill(1));
  };
  const scoring = diffusionScoring({ maskId, draws: 2, seed: 0 });
  const { natsPerToken, tokens, windows: counted } = await validate(score, windows, { scoring });
  assert.equal(natsPerToken, 1);
  assert.equal(tokens, 3);
  assert.equal(counted, 2);
  assert.ok(!seen.includes(0));
});

test('a single window has no standard error, a single draw no mask error, and no window is refused', async () => {
  const scoring = diffusionScoring({ maskId, draws: 1, seed: 0 });
  const { standardError, maskError } = await validate(exact, drawn(1, 1), { scoring });
  assert.ok(Number.isNaN(standardError) && Number.isNaN(maskError));
  await assert.rejects(validate(exact, { shape: [0, 4], data: new Int32Array(0) }, { scoring }), {
    name: 'InvalidOptionError',
  });
});

test('the draws of a window are the same each time, and others in another round', () => {
  const window = {
    x0: Int32Array.from({ length: 32 }, (_, i) => i),
    positions: Int32Array.from({ length: 32 }, (_, i) => i),
  };
  const tokens = (round?: number, index = 3) =>
    diffusionScoring({ maskId: 99, draws: 2, seed: 1, round })
      .canvases(window, index)
      .map((canvas) => [...canvas.tokens]);
  assert.deepEqual(tokens(), tokens(0));
  assert.notDeepEqual(tokens(1), tokens(0));
  assert.notDeepEqual(tokens(1), tokens(2));
  assert.notDeepEqual(tokens(1, 4), tokens(1));
});
