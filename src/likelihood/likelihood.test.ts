import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactScorer, randomJoint } from '../../test/exact-scorer.ts';
import { forwardProcess, lossWeight, maskProbability } from '../diffusion/forward.ts';
import { linearNoise, polynomial, noiseSchedules } from '../diffusion/noise-schedule.ts';
import { permutation, uniforms } from '../base/random.ts';
import type { Uniform } from '../base/random.ts';
import { costsOf, maskedCanvas } from './scored-canvas.ts';
import { blockBound, bound, chainRule, mean, noisedCanvases, stratifiedCounts } from './likelihood.ts';
import type { RowScorer } from './scorer.ts';

const L = 6;
const joint = randomJoint(3, L, 1);
const { maskId } = joint;
const exact = exactScorer(joint);
const texts = [0, 100, 364, 728].map((index) => ({
  x0: Int32Array.from(joint.sequences[index]),
  nll: -Math.log(joint.probability[index]),
}));
const { x0, nll } = texts[1];

/** A scorer whose conditionals belong to no joint distribution: the cost depends on the canvas in an arbitrary way. */
const inconsistent: RowScorer = ({ tokens, rows, targets }) => {
  const length = tokens.shape[1];
  return Promise.resolve(
    Float64Array.from(rows, (row, r) => {
      const b = Math.floor(row / length);
      const canvas = tokens.data.subarray(b * length, (b + 1) * length);
      const key = canvas.reduce((hash, token) => hash * 5 + token, row % length);
      return 3 * uniforms(9, 'synthetic', targets[r])(key);
    }),
  );
};

const constant: RowScorer = ({ rows }) => Promise.resolve(new Float64Array(rows.length).fill(2.5));

/** Every set of positions of a text of this length. */
function subsets(length: number): Int32Array[] {
  return Array.from({ length: 2 ** length }, (_, bits) =>
    Int32Array.from({ length }, (_, i) => i).filter((i) => (bits >> i) & 1),
  );
}

function orders(positions: readonly number[]): number[][] {
  if (positions.length === 0) return [[]];
  return positions.flatMap((first) =>
    orders(positions.filter((position) => position !== first)).map((rest) => [first].concat(rest)),
  );
}

/** Σ_{i ∈ M} CE_i for every set M of masked positions. */
async function costOfMasks(score: RowScorer, text: Int32Array): Promise<{ size: number; cost: number }[]> {
  const masks = subsets(text.length);
  const costs = await costsOf(
    score,
    masks.map((rows) => maskedCanvas(text, rows, 1, maskId)),
  );
  return masks.map((rows, index) => ({ size: rows.length, cost: costs[index] }));
}

/** The bound by enumeration: E_l E_{|M| = l} [ L/l · Σ CE ]. */
async function enumerated(score: RowScorer, text: Int32Array): Promise<number> {
  const masks = await costOfMasks(score, text);
  let total = 0;
  for (let l = 1; l <= text.length; l++) {
    const costs = masks.filter(({ size }) => size === l).map(({ cost }) => cost);
    total += costs.reduce((sum, cost) => sum + cost, 0) / costs.length / l;
  }
  return total;
}

function deviation(values: readonly number[]): number {
  const average = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1));
}

test('with the exact conditionals of a joint distribution the bound is −log p to rounding', async () => {
  for (const text of texts) {
    const nelbo = await enumerated(exact, text.x0);
    assert.ok(Math.abs(nelbo - text.nll) < 1e-12, `${nelbo}, ${text.nll}`);
  }
});

test('the estimate agrees with −log p within its standard error', async () => {
  for (const [sample, text] of texts.entries()) {
    const { nats, standardError, forwards } = await bound(exact, {
      x0: text.x0,
      maskId,
      draws: 256,
      uniform: uniforms(2, 'likelihood', 0, sample),
    });
    assert.equal(forwards, 256);
    assert.ok(standardError < 0.2, `${standardError}`);
    assert.ok(Math.abs(nats - text.nll) < 4 * standardError, `${nats} ± ${standardError}, ${text.nll}`);
  }
});

test('if all cross-entropies are equal every draw of the bound is exact', async () => {
  for (let sample = 0; sample < 50; sample++) {
    const canvases = noisedCanvases({ x0, maskId, draws: 5, uniform: uniforms(1, 'likelihood', 0, sample) });
    for (const cost of await costsOf(constant, canvases)) assert.ok(Math.abs(cost - 2.5 * L) < 1e-12);
  }
});

test('the bound over counts scatters less than the one over times, and strata less than independent draws', async () => {
  const repeats = 300;
  const draws = 32;
  const spread = { times: [], counts: [], strata: [] } as Record<'times' | 'counts' | 'strata', number[]>;
  for (let sample = 0; sample < repeats; sample++) {
    const time = uniforms(3, 'time', 0, sample);
    const byTime = Array.from({ length: draws }, (_, j) => {
      const t = time(j);
      const noising = { schedule: linearNoise, eps: 0 };
      const { rows } = forwardProcess(x0, t, { ...noising, maskId, noise: uniforms(3, 'mask', j, sample) });
      return maskedCanvas(x0, rows, lossWeight(t, noising), maskId);
    });
    const byCount = Array.from({ length: draws }, (_, j) =>
      noisedCanvases({ x0, maskId, draws: 1, uniform: uniforms(3, 'likelihood', j, sample) }),
    ).flat();
    const stratified = noisedCanvases({
      x0,
      maskId,
      draws,
      uniform: uniforms(3, 'likelihood', draws, sample),
    });
    spread.times.push(mean(await costsOf(exact, byTime)));
    spread.counts.push(mean(await costsOf(exact, byCount)));
    spread.strata.push(mean(await costsOf(exact, stratified)));
  }
  const [times, counts, strata] = [spread.times, spread.counts, spread.strata].map(deviation);
  assert.ok(counts < 0.9 * times, `${counts}, ${times}`);
  assert.ok(strata < 0.9 * counts, `${strata}, ${counts}`);
  for (const values of Object.values(spread)) {
    const average = values.reduce((a, b) => a + b) / repeats;
    assert.ok(Math.abs(average - nll) < 4.5 * (deviation(values) / Math.sqrt(repeats)), `${average}, ${nll}`);
  }
});

test('the standard error that is reported is the scatter that is seen', async () => {
  for (const draws of [16, 64]) {
    const results = [];
    for (let sample = 0; sample < 300; sample++) {
      results.push(
        await bound(exact, { x0, maskId, draws, uniform: uniforms(5, 'likelihood', draws, sample) }),
      );
    }
    const seen = deviation(results.map(({ nats }) => nats));
    const reported = Math.sqrt(mean(Float64Array.from(results, ({ standardError }) => standardError ** 2)));
    assert.ok(reported / seen > 0.85 && reported / seen < 1.25, `${draws} draws: ${reported}, ${seen}`);
  }
});

test('the bound in continuous time is the same for every schedule and any predictor', async () => {
  const masks = await costOfMasks(inconsistent, x0);
  const expected = await enumerated(inconsistent, x0);
  const points = 2_000;
  const integral = (schedule: typeof linearNoise, eps: number): number => {
    let total = 0;
    for (let i = 0; i < points; i++) {
      const t = (i + 0.5) / points;
      const p = maskProbability(t, { schedule, eps });
      const cost = masks.reduce((sum, { size, cost }) => sum + cost * p ** size * (1 - p) ** (L - size), 0);
      total += (lossWeight(t, { schedule, eps }) * cost) / points;
    }
    return total;
  };
  const all = [linearNoise, noiseSchedules.cosine, polynomial(2), polynomial(3)];
  for (const schedule of all) {
    assert.ok(Math.abs(integral(schedule, 0) - expected) < 1e-5, `${integral(schedule, 0)}, ${expected}`);
  }
  // with a floor the value is another, close by, but still the same for all
  const floored = integral(linearNoise, 0.05);
  assert.ok(Math.abs(floored - expected) > 1e-3 && Math.abs(floored - expected) < 0.5);
  for (const schedule of all) assert.ok(Math.abs(integral(schedule, 0.05) - floored) < 1e-5);
  // the log-linear schedule ends at p = 1 − ε: it lacks the last ε of the integral, where all is masked
  const lacking = integral(noiseSchedules['log-linear'], 0);
  const allMasked = masks.find(({ size }) => size === L)!.cost;
  assert.ok(Math.abs(expected - lacking - 1e-3 * allMasked) < 1e-2 * allMasked * 1e-3 * L);
});

test('the mean of the chain rule over all orders is the bound, though a single order may be below or above it', async () => {
  const short = x0.subarray(0, 4);
  const expected = await enumerated(inconsistent, short);
  const all = [];
  for (const order of orders([0, 1, 2, 3])) {
    const { nats, standardError, forwards } = await chainRule(inconsistent, {
      x0: short,
      maskId,
      order: Int32Array.from(order),
    });
    assert.equal(standardError, 0);
    assert.equal(forwards, 4);
    all.push(nats);
  }
  assert.ok(Math.abs(mean(Float64Array.from(all)) - expected) < 1e-12);
  assert.ok(Math.min(...all) < expected - 0.1 && Math.max(...all) > expected + 0.1);
});

test('with exact conditionals every order costs −log p', async () => {
  for (let sample = 0; sample < 10; sample++) {
    const order = permutation(L, uniforms(1, 'order', 0, sample));
    const { nats } = await chainRule(exact, { x0, maskId, order });
    assert.ok(Math.abs(nats - nll) < 1e-12);
  }
});

test('the chain rule leaves given positions visible and everything not yet written masked', async () => {
  const seen: string[] = [];
  const watching: RowScorer = (batch) => {
    const { tokens, rows, targets } = batch;
    for (const [r, row] of rows.entries()) {
      const b = Math.floor(row / 4);
      seen.push(`${tokens.data.subarray(b * 4, b * 4 + 4).join(' ')} : ${row % 4} is ${targets[r]}`);
    }
    return constant(batch);
  };
  const order = Int32Array.of(3, 1);
  const { nats } = await chainRule(watching, { x0: Int32Array.of(5, 6, 7, 8), maskId: 0, order, batch: 1 });
  assert.deepEqual(seen, ['5 0 7 0 : 3 is 8', '5 0 7 8 : 1 is 6']);
  assert.equal(nats, 5);
});

test('blocks of one token are the chain rule from left to right, and one block is the bound', async () => {
  const order = Int32Array.from({ length: L }, (_, i) => i);
  const options = { x0, maskId, draws: 8, uniform: uniforms(1, 'likelihood') };
  for (const score of [exact, inconsistent]) {
    const single = await blockBound(score, { ...options, blockLength: 1 });
    const chain = await chainRule(score, { x0, maskId, order });
    assert.ok(Math.abs(single.nats - chain.nats) < 1e-12);
    assert.equal(single.standardError, 0);
    assert.equal(single.forwards, L);
    assert.deepEqual(await blockBound(score, { ...options, blockLength: L }), await bound(score, options));
  }
});

test('with exact conditionals blocks of any length have the same bound, and −log p is within its error', async () => {
  for (const blockLength of [2, 3, 4, 5]) {
    const uniform = uniforms(blockLength, 'likelihood');
    const { nats, standardError } = await blockBound(exact, { x0, maskId, draws: 200, uniform, blockLength });
    assert.ok(standardError > 0 && standardError < 0.2);
    assert.ok(Math.abs(nats - nll) < 4 * standardError, `${nats} ± ${standardError}, ${nll}`);
  }
});

test('canvases are ordered by the number of their masks, which is what the error estimate relies on', () => {
  for (let sample = 0; sample < 20; sample++) {
    const canvases = noisedCanvases({ x0, maskId, draws: 9, uniform: uniforms(1, 'likelihood', 0, sample) });
    const counts = canvases.map(({ rows }) => rows.length);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    assert.ok(canvases.every(({ weight, rows }) => weight === L / rows.length));
  }
});

test('no two blocks look up the same random number', async () => {
  const looked: number[] = [];
  const uniform: Uniform = (position) => {
    looked.push(position);
    return 0.3;
  };
  await blockBound(constant, { x0, maskId, draws: 3, blockLength: 2, uniform });
  assert.equal(new Set(looked).size, looked.length);
});

test('the bound of an answer given a prompt is its conditional −log p, and the prompt is never masked', async () => {
  const positions = Int32Array.of(3, 4, 5);
  const prompt = joint.sequences.reduce(
    (sum, x, n) => sum + (x.slice(0, 3).every((token, i) => token === x0[i]) ? joint.probability[n] : 0),
    0,
  );
  const { nats, standardError } = await bound(exact, {
    x0,
    maskId,
    positions,
    draws: 400,
    uniform: uniforms(8, 'likelihood'),
  });
  assert.ok(standardError < 0.1);
  assert.ok(Math.abs(nats - (nll + Math.log(prompt))) < 4 * standardError, `${nats} ± ${standardError}`);
  const canvases = noisedCanvases({ x0, maskId, positions, draws: 40, uniform: uniforms(1, 'likelihood') });
  for (const { tokens, rows } of canvases) {
    assert.deepEqual(tokens.subarray(0, 3), x0.subarray(0, 3));
    assert.ok(rows.every((row) => row >= 3));
  }
});

test('a single position is exact with one forward, and no position costs nothing', async () => {
  const options = { x0, maskId, draws: 128, uniform: uniforms(1, 'likelihood') };
  const single = await bound(exact, { ...options, positions: Int32Array.of(2) });
  assert.equal(single.forwards, 1);
  assert.equal(single.standardError, 0);
  const none = await bound(exact, { ...options, positions: Int32Array.of() });
  assert.deepEqual(none, { nats: 0, standardError: 0, forwards: 0 });
});

test('one draw gives a bound but not its error', async () => {
  const { nats, standardError } = await bound(exact, {
    x0,
    maskId,
    draws: 1,
    uniform: uniforms(1, 'likelihood'),
  });
  assert.ok(Number.isFinite(nats));
  assert.ok(Number.isNaN(standardError));
});

test('stratified counts are those of LLaDA’s code in the recorded runs', () => {
  assert.deepEqual([...stratifiedCounts(9, 4, 1)], [1, 3, 6, 8]);
  assert.deepEqual([...stratifiedCounts(9, 4, 5)], [5, 7, 1, 3]);
  assert.deepEqual([...stratifiedCounts(5, 3, 4)], [4, 1, 2]);
  assert.deepEqual([...stratifiedCounts(1, 1, 1)], [1]);
});

test('over all starts every draw has every count once, and one start spreads the draws evenly', () => {
  for (const n of [1, 2, 5, 9, 16]) {
    for (const draws of [1, 3, 4, 8, 20]) {
      const starts = Array.from({ length: n }, (_, i) => stratifiedCounts(n, draws, i + 1));
      for (let j = 0; j < draws; j++) {
        const counts = starts.map((counts) => counts[j]).sort((a, b) => a - b);
        assert.deepEqual(
          counts,
          Array.from({ length: n }, (_, i) => i + 1),
        );
      }
      for (const counts of starts) {
        for (let l = 1; l <= n; l++) {
          const often = counts.filter((count) => count === l).length;
          assert.ok(Math.abs(often - draws / n) < 1 + 1e-9, `n ${n}, ${draws} draws: ${counts}`);
        }
      }
    }
  }
});

test('a likelihood does not depend on how canvases are batched', async () => {
  const options = { x0, maskId, draws: 20, uniform: uniforms(4, 'likelihood') };
  const whole = await bound(exact, { ...options, batch: 64 });
  for (const batch of [1, 3, 20]) assert.deepEqual(await bound(exact, { ...options, batch }), whole);
});

test('numbers of draws, blocks and batches that mean nothing are refused, and an aborted signal stops', async () => {
  const refused = { name: 'InvalidOptionError' };
  const options = { x0, maskId, draws: 4, uniform: uniforms(4, 'likelihood') };
  for (const draws of [0, 1.5, NaN]) await assert.rejects(bound(exact, { ...options, draws }), refused);
  await assert.rejects(bound(exact, { ...options, batch: 0 }), refused);
  await assert.rejects(blockBound(exact, { ...options, blockLength: 0 }), refused);
  await assert.rejects(bound(exact, { ...options, signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('a scorer that gives another number of rows is a bug that is reported', async () => {
  const short: RowScorer = () => Promise.resolve(new Float64Array(1));
  const options = { x0, maskId, draws: 4, uniform: uniforms(4, 'likelihood') };
  await assert.rejects(bound(short, options), { name: 'InvariantError' });
});
