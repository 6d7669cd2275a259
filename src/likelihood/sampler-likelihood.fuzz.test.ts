import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactJoint, followsDistribution } from '../../test/exact-joint.ts';
import { exactScorer, randomJoint } from '../../test/exact-scorer.ts';
import { inputs } from '../../test/inputs.ts';
import { uniforms } from '../base/random.ts';
import { decoder, type DecodeOptions } from '../sampling/decode.ts';
import { toDecodeOptions, toSampleOptions } from '../sampling/from-options.ts';
import { checkSampling, type SamplingRequest } from '../sampling/options.ts';
import type { MaskPredictor } from '../sampling/predictor.ts';
import { sample, type SampleOptions } from '../sampling/sample.ts';
import { countForwards } from '../sampling/stats.ts';
import { strategiesFor, strategyNamed } from '../sampling/strategy-table.ts';
import { chainRule, type Likelihood, mean } from './likelihood.ts';
import { teacherForcing } from './sampler-likelihood.ts';

const [V, L] = [3, 4];
const joint = exactJoint(V, L, (x) => 1 + 3 * x[0] * x[2] + x[1] + 2 * Number(x[3] === x[0]));
const { maskId, sequences } = joint;
const vocabulary = { maskId, endIds: [], size: V + 1 };
const masks = new Int32Array(L).fill(maskId);

/** The sum over a whole walk, see `teacherForcing`. */
async function samplerLikelihood(
  predict: MaskPredictor,
  canvas: Int32Array,
  x0: Int32Array,
  { decoding, ...options }: Omit<SampleOptions, 'decode' | 'endIds'> & { readonly decoding?: DecodeOptions },
): Promise<Likelihood> {
  const { decode, costOf } = teacherForcing(x0, { forbidden: [options.maskId], ...decoding });
  const counted = countForwards(predict);
  let nats = 0;
  for await (const frame of sample(counted.predict, canvas, { ...options, decode })) nats += costOf(frame);
  return { nats, standardError: 0, forwards: counted.forwards() };
}

/** Logits that belong to no joint distribution, and depend on all of the canvas. */
const inconsistent: MaskPredictor = (xt, rows) => {
  const state = xt.reduce((hash, token) => hash * 5 + token, 1);
  const data = Float32Array.from({ length: rows.length * (V + 1) }, (_, index) => {
    const row = rows[Math.floor(index / (V + 1))];
    return 4 * uniforms(3, 'synthetic', state, row)(index % (V + 1));
  });
  return Promise.resolve({ shape: [rows.length, V + 1], data });
};

/** What a sampler is, as a person asks for it, with the numbers at which it writes several tokens in some of its steps. */
const samplers: Record<string, SamplingRequest> = {
  'low-confidence': { strategy: 'low-confidence' },
  margin: { strategy: 'margin' },
  entropy: { strategy: 'entropy' },
  'left-to-right': { strategy: 'left-to-right' },
  threshold: { strategy: 'threshold', tau: 0.55 },
  factor: { strategy: 'factor', factor: 1.3 },
  'entropy-bound': { strategy: 'entropy-bound', entropyBound: 0.9 },
  hierarchical: { strategy: 'hierarchical', tau: 0.8, tauLow: 0.4 },
  'threshold-or-count': { strategy: 'threshold-or-count', tau: 0.55 },
};
const shapes: SamplingRequest[] = [
  {},
  { steps: 2 },
  { blockLength: 3, steps: 3 },
  { blockLength: 2, steps: 2, temperature: 0.6 },
];

const optionsOf = (asked: SamplingRequest): SampleOptions & { decoding: object } => {
  const options = checkSampling({
    temperature: 1,
    confidenceOf: 'likeliest',
    stopEarly: false,
    ...asked,
  });
  return { ...toSampleOptions(options, vocabulary), decoding: toDecodeOptions(options, vocabulary) };
};

const probabilities = async (
  predict: MaskPredictor,
  asked: SamplingRequest,
): Promise<{ probability: number; forwards: number }[]> => {
  const { decode: _, endIds: __, ...options } = optionsOf(asked);
  return Promise.all(
    sequences.map(async (x0) => {
      const { nats, forwards } = await samplerLikelihood(predict, masks, Int32Array.from(x0), options);
      return { probability: Math.exp(-nats), forwards };
    }),
  );
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('every strategy whose likelihood is exact is here, and none is known of those that change what they wrote', () => {
  const knowing = (what: string) =>
    strategiesFor(undefined).filter((name) => (strategyNamed(name).likelihood ?? 'exact') === what);
  assert.deepEqual(knowing('exact').toSorted(), Object.keys(samplers).toSorted());
  const rewriting = strategiesFor(undefined).filter((strategy) => optionsOf({ strategy }).strategy!.rewrites);
  assert.deepEqual(knowing('none'), rewriting);
});

const draws = inputs({ all: 2000, few: 250 });

for (const [name, asked] of Object.entries(samplers)) {
  test(`${name}: the probabilities of all texts add up to 1, in blocks, in few steps, at a temperature`, async () => {
    let several = false;
    for (const shape of shapes) {
      const found = await probabilities(inconsistent, { ...shape, ...asked });
      assert.ok(Math.abs(sum(found.map(({ probability }) => probability)) - 1) < 1e-12);
      several ||= found.some(({ forwards }) => forwards < L);
    }
    assert.ok(several, 'some step writes several tokens');
  });

  test(`${name}: they are what the sampler itself writes`, async () => {
    for (const [index, shape] of [shapes[1], shapes[3]].entries()) {
      const found = await probabilities(inconsistent, { ...shape, ...asked });
      const options = optionsOf({ ...shape, ...asked });
      const counts = sequences.map(() => 0);
      const indexOf = new Map(sequences.map((x, n) => [x.join(), n]));
      for (let seed = 0; seed < draws; seed++) {
        let written: Int32Array = masks;
        for await (const { tokens } of sample(inconsistent, masks, { ...options, seed: 9000 * index + seed }))
          written = tokens;
        counts[indexOf.get(written.join())!] += 1;
      }
      const probability = found.map((text) => text.probability);
      assert.ok(followsDistribution(counts, probability), JSON.stringify(shape));
    }
  });

  test(`${name}: of a consistent model that writes one at a time, they are the joint distribution`, async () => {
    const numbers = { tau: 1, factor: 0, entropyBound: 0, tauLow: 1 };
    const own = Object.fromEntries(Object.entries(numbers).filter(([option]) => option in asked));
    const found = await probabilities(joint.predict, { ...asked, ...own });
    for (const [n, { probability, forwards }] of found.entries()) {
      assert.equal(forwards, L);
      assert.ok(Math.abs(probability / joint.probability[n] - 1) < 1e-6);
    }
  });
}

test('blocks of one token, and left to right one at a time, are the chain rule', async () => {
  const other = randomJoint(V, L, 5);
  const x0 = Int32Array.from(other.sequences[50]);
  const expected = await chainRule(exactScorer(other), { x0, maskId, order: Int32Array.from(x0.keys()) });
  for (const asked of [{ blockLength: 1 }, { strategy: 'left-to-right' as const }]) {
    const { decode: _, ...options } = optionsOf(asked);
    const { nats, forwards } = await samplerLikelihood(other.predict, masks, x0, options);
    assert.ok(Math.abs(nats - expected.nats) < 1e-6);
    assert.equal(forwards, L);
  }
});

test('what is given costs nothing and is seen; what a sampler never writes costs ∞', async () => {
  const x0 = Int32Array.of(2, 0, 1, 1);
  const canvas = Int32Array.of(2, maskId, maskId, 1);
  const { decode: _, ...options } = optionsOf({});
  const { nats } = await samplerLikelihood(joint.predict, canvas, x0, options);
  const fits = sequences.map((x) => x[0] === 2 && x[3] === 1);
  const given = sum(joint.probability.filter((_, n) => fits[n]));
  const index = sequences.findIndex((x) => x.join() === x0.join());
  assert.ok(Math.abs(nats + Math.log(joint.probability[index] / given)) < 1e-6);

  const decoding = { ...options.decoding, forbidden: [maskId, 0] };
  assert.equal((await samplerLikelihood(joint.predict, canvas, x0, { ...options, decoding })).nats, Infinity);
});

test('a strategy that draws positions: the mean over seeds is above −log p, one at a time it is the bound', async () => {
  const x0 = Int32Array.from(sequences[17]);
  const { decode: _, ...options } = optionsOf({ strategy: 'random' });
  const nats = await Promise.all(
    Array.from({ length: 200 }, (__, seed) =>
      samplerLikelihood(inconsistent, masks, x0, { ...options, seed }),
    ),
  );
  const each = Float64Array.from(nats, (likelihood) => likelihood.nats);
  const average = -Math.log(mean(each.map((value) => Math.exp(-value))));
  assert.ok(mean(each) > average, 'Jensen');
  assert.ok(new Set(each).size > 1);
});

test('the text doesn’t change how sure the sampler is: positions are chosen by what it would write', async () => {
  const { decode } = teacherForcing(Int32Array.of(1, 1), { forbidden: [maskId] });
  const logits = { shape: [2, V + 1], data: Float32Array.of(3, 0, 0, 9, 0, 1, 0, 9) };
  const seen = { logits, rows: Int32Array.of(0, 1), xt: Int32Array.of(maskId, maskId), t: 1 };
  const forced = decode(seen, () => 0.5);
  const greedy = decoder({ forbidden: [maskId] })(seen, () => 0.5);
  assert.deepEqual(forced, { ...greedy, tokens: Int32Array.of(1, 1) });
});
