import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { alignedBlocks, hole, layCanvas } from './canvas.ts';
import { type CachePolicy, causalCache, prefixCache } from './cache.ts';
import { checkSampling, type SamplingRequest, samplingSchema } from './options.ts';
import { strategyFields } from './strategy-fields.ts';
import { temperatureOf, toCachePolicy, toSampleOptions, type Vocabulary } from './from-options.ts';
import {
  type AnyStrategyOptions,
  type OwnStrategy,
  strategiesFor,
  strategiesUsing,
  strategyNames,
  strategyOptions,
  strategyTable,
} from './strategy-table.ts';
import { BlockPlan } from './plan.ts';
import type { MaskPredictor } from './predictor.ts';
import { evenly } from './reveal-counts.ts';
import { sample } from './sample.ts';
import type { ReverseStep, Selection, Strategy } from './strategies.ts';

// ids: 0 … 3 letters, 4 and 5 end tokens, 6 [MASK]; the network has two rows more
const vocabulary: Vocabulary = { maskId: 6, endIds: [4, 5], size: 7 };
const V = 9;

/** The later ids are the likelier, [MASK] and the rows beyond the tokenizer most of all. */
const predict: MaskPredictor = (_, rows) =>
  Promise.resolve({
    shape: [rows.length, V],
    data: Float32Array.from({ length: rows.length * V }, (_, index) => index % V),
  });

async function write(asked: object): Promise<number[]> {
  const options = checkSampling({ length: 4, ...asked });
  const canvas = layCanvas([[1], hole(options.length)], vocabulary.maskId);
  let tokens: number[] = [];
  for await (const frame of sample(predict, canvas, toSampleOptions(options, vocabulary))) {
    tokens = [...frame.tokens];
  }
  return tokens;
}

/** A step of a block of one mask for each confidence, from t = 1 to s = 1/2. */
function stepOf({ confidence, uniform = 0.5 }: { confidence: number[]; uniform?: number }): ReverseStep {
  const positions = [...confidence.keys()];
  const xt = Int32Array.from(confidence, () => vocabulary.maskId);
  const x0 = xt.map(() => 1);
  return {
    positions,
    masked: positions,
    asked: positions,
    xt,
    x0,
    likeliest: x0,
    steady: 0,
    confidence: Float64Array.from(confidence),
    margin: Float64Array.from(confidence),
    entropy: Float64Array.from(confidence, (p) => 1 - p),
    t: 1,
    s: 0.5,
    count: 1,
    uniform: () => uniform,
  };
}

test('every strategy and schedule that can be named writes a text', async () => {
  for (const strategy of strategiesFor(undefined)) {
    const takes = strategiesUsing('schedule').includes(strategy);
    for (const own of takes ? Object.keys(noiseSchedules).map((schedule) => ({ schedule })) : [{}]) {
      for (const temperature of [0, 1]) {
        const tokens = await write({ strategy, ...own, temperature, steps: 3, stopEarly: false });
        assert.ok(tokens.every((token) => token < 6));
      }
    }
  }
});

test('what would leave no numbers of logits is refused', () => {
  for (const asked of [{ repetitionPenalty: 1e-320 }, { repetitionPenalty: 1e308 }, { guidance: 1e308 }])
    assert.throws(
      () => checkSampling(asked),
      /^InvalidOptionError: (repetitionPenalty|guidance): must be at/,
    );
});

test('more steps than can be planned are refused', async () => {
  for (const option of ['steps', 'stepsPerBlock'])
    assert.throws(() => checkSampling({ [option]: 1e9 }), /must be at most 100000/);
  assert.throws(() => checkSampling({ strategy: 'editing', corrections: 1e9 }), /must be at most 100000/);
  const plan = new BlockPlan({ length: 4, steps: 5000, counts: evenly });
  let steps = 0;
  for (; plan.next; steps++) plan.advance();
  assert.equal(steps, 5000);
});

test('a model whose noise is random tokens is sampled by the strategy for it, and no other model is', async () => {
  const uniform: Vocabulary = { ...vocabulary, noise: 'uniform' };
  const options = (asked: object, of: Vocabulary) => toSampleOptions(checkSampling(asked), of);
  for (const strategy of strategiesFor(undefined))
    assert.throws(
      () => options({ strategy, temperature: 1 }, uniform),
      /strategy: must be renoising for a model whose noise is random tokens, got/,
    );
  assert.throws(() => options({ strategy: 'renoising' }, vocabulary), /strategy: must be low-confidence or/);
  const asked = { strategy: 'renoising', temperature: 0.8 };
  for (const [change, message] of [
    [{ temperature: 0 }, /temperature: must be above 0/],
    [{ guidance: 1 }, /guidance: needs a model whose noise is \[MASK\]/],
    [{ cache: 'prefix' }, /cache: needs a model whose noise is \[MASK\]/],
    [{ regex: 'a+' }, /regex: needs a model whose noise is \[MASK\]/],
    [{ blockCausal: true }, /blockCausal: needs a model whose noise is \[MASK\]/],
  ] as const)
    assert.throws(() => options({ ...asked, ...change }, uniform), message);

  const canvas = layCanvas([[1], hole(5)], uniform.maskId);
  const given = options({ ...asked, stepsPerBlock: 4, blockLength: 3 }, uniform);
  const frames = [];
  for await (const frame of sample(predict, canvas, { ...given, endIds: [] })) frames.push(frame);
  assert.equal(frames.length, 1 + 2 * 4); // two blocks, of 3 and of 2
  assert.deepEqual(frames[0].tokens, canvas);
  assert.ok(frames.at(-1)!.tokens.every((token) => token < uniform.maskId));
});

test('the temperature goes from one value to another where both are given', () => {
  const at = (asked: object, t: number) =>
    temperatureOf(checkSampling({ strategy: 'renoising', ...asked }))(t);
  assert.equal(at({ temperature: 0.8, finalTemperature: 0.4 }, 1), 0.8);
  assert.ok(Math.abs(at({ temperature: 0.8, finalTemperature: 0.4 }, 0.25) - 0.5) < 1e-12);
  assert.equal(at({ temperature: 0.8 }, 0.25), 0.8);
});

test('the likeliest token is never [MASK] nor beyond the tokenizer', async () => {
  assert.deepEqual(await write({}), [1, 5, 5, 5, 5]);
});

test('what is asked reaches the loop', async () => {
  const options = (asked: object) => toSampleOptions(checkSampling(asked), vocabulary);
  const { steps, blockLength, seed } = options({ steps: 8, blockLength: 4, seed: 11 });
  assert.deepEqual([steps, blockLength, seed], [8, 4, 11]);
  assert.deepEqual(options({}).counts!(10, 4), [3, 3, 2, 2]);
  assert.deepEqual(options({ schedule: 'cosine' }).counts!(8, 4), [0, 2, 2, 4]);
  const half = stepOf({ confidence: [1], uniform: 0.6 });
  assert.deepEqual(options({ strategy: 'ancestral' }).strategy!.step(half).written, [0]); // 0.6 ≥ s/t
  assert.deepEqual(options({ strategy: 'ancestral', schedule: 'cosine' }).strategy!.step(half).written, []); // 0.6 < sin(π/4)
  assert.deepEqual(options({}).endIds, [4, 5]);
  assert.deepEqual(options({ stopEarly: false }).endIds, []);
});

test('the temperature decides whether a seed matters', async () => {
  const texts = async (temperature: number): Promise<Set<string>> => {
    const all = [1, 2, 3, 4].map((seed) =>
      write({ temperature, seed, strategy: 'random', endless: true, length: 8 }),
    );
    return new Set((await Promise.all(all)).map(String));
  };
  assert.equal((await texts(0)).size, 1);
  assert.equal((await texts(1)).size, 4);
});

test('with endLast, end tokens are certain only when nothing else is left', async () => {
  const { decode } = toSampleOptions(checkSampling({ endLast: true }), vocabulary);
  const letter = [0, 9, 0, 0, 0, 0, 0, 0, 0];
  const end = [0, 0, 0, 0, 0, 99, 0, 0, 0];
  const logits = { shape: [2, V], data: Float32Array.from([...letter, ...end]) };
  const seen = { logits, xt: new Int32Array(2), t: 1 };
  const { tokens, confidence } = await decode!({ ...seen, rows: Int32Array.of(0, 1) }, () => 0.5);
  assert.deepEqual([...tokens], [1, 5]);
  assert.equal(confidence[1], 0);
  assert.ok(confidence[0] > 0.99);
});

test('endless forbids every end token', async () => {
  assert.deepEqual(await write({ endless: true }), [1, 3, 3, 3, 3]);
});

test('every option has a description', () => {
  for (const [name, option] of Object.entries(samplingSchema.shape)) assert.ok(option.description, name);
});

test('unknown keys, numbers as text and values out of range are refused', () => {
  const mistakes = [
    { stepz: 3 },
    { steps: '3' },
    { steps: 0 },
    { length: 0 },
    { length: 2.5 },
    { blockLength: 0 },
    { temperature: -1 },
    { temperature: NaN },
    { strategy: 'best' },
    { schedule: 'quartic' },
    { tau: 1.5 },
    { tauLow: -0.1 },
    { factor: -1 },
    { entropyBound: -1 },
    { counts: 'odd' },
    { tauEdit: 2 },
    { minReveal: 0 },
    { corrections: 0 },
    { eta: -0.1 },
    { loopFrom: 0 },
    { loopUntil: 1 },
    { loopAlpha: 1 },
    { cache: 'all' },
    { cacheRefresh: 0 },
    { topK: 0 },
    { topP: 0 },
    { topP: 1.01 },
    { banned: [-1] },
    { banned: 3 },
    { guidance: -1 },
    { seed: -1 },
    { seed: 2 ** 53 },
    { endless: 'yes' },
  ];
  for (const mistake of mistakes)
    assert.ok(!samplingSchema.safeParse(mistake).success, JSON.stringify(mistake));
});

test('options that the others leave without a use are refused', () => {
  const refused = (asked: object, message: RegExp, of = vocabulary): void => {
    assert.throws(() => toSampleOptions(checkSampling(asked), of), message);
  };
  refused(
    { tau: 0.5 },
    /^InvalidOptionError: tau: is for the strategies threshold, hierarchical, threshold-or-count, editing, not for low-confidence, got 0.5/,
  );
  refused(
    { tauLow: 0.5, strategy: 'threshold' },
    /tauLow: is for the strategy hierarchical, not for threshold/,
  );
  refused({ factor: 1 }, /factor: is for the strategy factor/);
  refused({ entropyBound: 1 }, /entropyBound: is for the strategies entropy-bound, renoising/);
  refused({ tauEdit: 1, strategy: 'threshold' }, /tauEdit: is for the strategy editing, not for threshold/);
  refused({ minReveal: 1 }, /minReveal: is for the strategy editing/);
  refused({ corrections: 1 }, /corrections: is for the strategy editing/);
  refused(
    { eta: 0.1, strategy: 'remdm-confidence' },
    /eta: is for the strategies remdm-cap, remdm-rescale, /,
  );
  refused({ loopFrom: 0.5, strategy: 'remdm-cap' }, /loopFrom: is for the strategy remdm-loop/);
  refused({ loopUntil: 0.5 }, /loopUntil: is for the strategy remdm-loop/);
  refused({ loopAlpha: 0.5 }, /loopAlpha: is for the strategy remdm-loop/);
  refused(
    { strategy: 'remdm-loop', loopFrom: 0.3, loopUntil: 0.4 },
    /loopUntil: must be less than loopFrom \(0.3\), got 0.4/,
  );
  refused({ blockCausal: true }, /blockCausal: needs blockLength/);
  refused({ banned: [0, 7] }, /banned: must be ids of the tokenizer, which has 7, got 7/);
  refused({ endless: true, endLast: true }, /endLast: has no use with endless/);
  refused({ endless: true }, /endless: needs a tokenizer with an end token/, { ...vocabulary, endIds: [] });
  refused({ endLast: true }, /endLast: needs a tokenizer with an end token/, { ...vocabulary, endIds: [] });
});

test('a strategy has its own options and no others: in types, and where options are checked', () => {
  const requests: SamplingRequest[] = [
    { strategy: 'threshold', tau: 0.8 },
    { strategy: 'remdm-loop', eta: 0.1, loopFrom: 0.5, schedule: 'cosine' },
    { tau: 0.8 }, // of the model's own strategy
  ];
  const mistakes: SamplingRequest[] = [
    // @ts-expect-error  threshold has no η
    { strategy: 'threshold', eta: 0.1 },
    // @ts-expect-error  first-hitting has none at all
    { strategy: 'first-hitting', counts: 'even' },
    // @ts-expect-error  no strategy has it
    { strategy: 'threshold', tao: 0.8 },
  ];
  for (const request of requests.slice(0, 2)) assert.ok(checkSampling(request));
  for (const mistake of mistakes) assert.throws(() => checkSampling(mistake), InvalidOptionError);
  const value: Readonly<Record<string, unknown>> = {
    schedule: 'cosine',
    counts: 'dream',
    minReveal: 2,
    corrections: 2,
  };
  for (const strategy of strategyNames) {
    for (const option of strategyOptions) {
      const check = () => checkSampling({ strategy, [option]: value[option] ?? 0.5 });
      if (option === 'stability') continue; // of one strategy, and a whole number
      if (strategiesUsing(option).includes(strategy))
        assert.equal((check() as AnyStrategyOptions)[option], value[option] ?? 0.5);
      else
        assert.throws(
          check,
          new RegExp(`^InvalidOptionError: ${option}: is for the strateg.*, not for ${strategy}`),
        );
    }
  }
});

test('a strategy of a program has the plan of the steps, and no option of another one', async () => {
  const rightmost: Selection = ({ masked, count }) => masked.slice(masked.length - count);
  const whole: Strategy = { step: (step) => ({ written: rightmost(step) }) };
  const byName = await write({ strategy: 'left-to-right', steps: 2 });
  for (const strategy of [rightmost, whole])
    assert.deepEqual(await write({ strategy, steps: 2 }), byName, 'each step the predictor says the same');
  const firstOf = async (strategy: OwnStrategy, more: object = {}) => {
    const options = toSampleOptions(checkSampling({ length: 6, steps: 3, strategy, ...more }), vocabulary);
    for await (const { changed } of sample(predict, layCanvas([[1], hole(6)], 6), options))
      if (changed.length > 0) return [...changed].sort();
    return [];
  };
  assert.deepEqual(await firstOf(rightmost), [5, 6]);
  // of six tokens 1 − sin(π/3) is none yet, 1 − sin(π/6) half
  assert.deepEqual(await firstOf(rightmost, { schedule: 'cosine' }), [4, 5, 6]);
  assert.deepEqual(await firstOf(whole, { counts: 'even', schedule: 'cosine' }), [5, 6]);
  const typed: SamplingRequest = { strategy: rightmost, counts: 'even' };
  // @ts-expect-error: an option of another strategy
  const untyped: SamplingRequest = { strategy: rightmost, tau: 0.5 };
  assert.equal(checkSampling(typed).strategy, rightmost);
  assert.throws(() => checkSampling(untyped), /tau: is for the strategies .*, not for one of your own/);
  assert.throws(() => checkSampling({ strategy: {} }), /strategy: must be one of low-confidence, /);
});

test('an option has one range in all strategies that have it, as the flag has', () => {
  for (const option of strategyOptions) {
    const json = (type: z.ZodType): object => {
      const {
        description: _,
        default: __,
        $schema: ___,
        ...rest
      } = z.toJSONSchema(type, { io: 'input' }) as Record<string, unknown>;
      return rest;
    };
    for (const strategy of strategiesUsing(option)) {
      const shape: Readonly<Record<string, z.ZodType>> = strategyTable[strategy].options.shape;
      assert.deepEqual(json(shape[option]), json(strategyFields[option]), `${strategy}: ${option}`);
    }
  }
});

test('the flag of an option says for which strategies it is, and the default of each', () => {
  assert.equal(
    strategyFields.tau.description,
    'for the strategies threshold, hierarchical: keep tokens of at least this confidence [0.9]; for the strategies threshold-or-count, editing: keep what is surer than this [0.95]',
  );
  assert.equal(
    strategyFields.eta.description,
    'for the strategies remdm-cap, remdm-rescale, remdm-loop: how likely a token is masked again in a step [remdm-cap 0.008, remdm-rescale 0.015, remdm-loop 0.02]',
  );
  assert.equal(
    strategyFields.schedule.description,
    'noise schedule: how many tokens are unmasked at which step [linear]',
  );
});

test('threshold without τ is 0.9', async () => {
  const { strategy } = toSampleOptions(checkSampling({ strategy: 'threshold' }), vocabulary);
  assert.deepEqual(strategy!.step(stepOf({ confidence: [0.89, 0.9, 0.95] })).written, [1, 2]);
});

test('the parameters of a strategy reach it', () => {
  const kept = (asked: object): readonly number[] =>
    toSampleOptions(checkSampling(asked), vocabulary).strategy!.step(
      stepOf({ confidence: [0.45, 0.7, 0.62, 0.55] }),
    ).written;
  assert.deepEqual(kept({ strategy: 'threshold', tau: 0.6 }), [1, 2]);
  assert.deepEqual(kept({ strategy: 'hierarchical', tau: 0.6 }), [1, 2]);
  assert.deepEqual(kept({ strategy: 'hierarchical', tau: 0.65, tauLow: 0.9 }), [1]);
  assert.deepEqual(kept({ strategy: 'factor' }), [1]); // 0.62 < 1 − 1/3
  assert.deepEqual(kept({ strategy: 'factor', factor: 1.8 }), [1, 2, 3]); // 0.62 ≥ 0.4, 0.55 ≥ 0.55, 0.45 < 0.64
  assert.deepEqual(kept({ strategy: 'entropy-bound' }), [1]);
  assert.deepEqual(kept({ strategy: 'entropy-bound', entropyBound: 0.31 }), [1, 2]);
});

test('the parameters of what rewrites reach it', () => {
  const strategyOf = (asked: object): Strategy => toSampleOptions(checkSampling(asked), vocabulary).strategy!;
  const sure = stepOf({ confidence: [0.96, 0.94, 0.94] });
  assert.deepEqual(strategyOf({ strategy: 'threshold-or-count' }).step(sure).written, [0]);
  assert.deepEqual(strategyOf({ strategy: 'threshold-or-count', tau: 0.9 }).step(sure).written, [0, 1, 2]);
  assert.equal(strategyOf({ strategy: 'editing' }).corrections, 16);
  assert.equal(strategyOf({ strategy: 'editing', corrections: 3 }).corrections, 3);
  assert.deepEqual(strategyOf({ strategy: 'editing', minReveal: 2 }).step(sure).written, [0, 1]);
  // two stand and would be changed
  const edited = { ...sure, masked: [0], xt: Int32Array.of(6, 3, 3) };
  assert.deepEqual(strategyOf({ strategy: 'editing' }).step(edited).written, [0, 1, 2]);
  assert.deepEqual(strategyOf({ strategy: 'editing', tauEdit: 0.95 }).step(edited).written, [0]);
  // α(1/2) = 1/2 and α(1/4) = 3/4, so σ is at most 1/2
  const half = { ...edited, t: 0.5, s: 0.25, uniform: () => 0.009 };
  const noised = (asked: object): readonly number[] => strategyOf(asked).step(half).noised!;
  assert.deepEqual(noised({ strategy: 'remdm-cap' }), []); // 0.008
  assert.deepEqual(noised({ strategy: 'remdm-cap', eta: 0.01 }), [1, 2]);
  assert.deepEqual(noised({ strategy: 'remdm-rescale' }), []); // 0.0075
  assert.deepEqual(noised({ strategy: 'remdm-rescale', eta: 0.02 }), [1, 2]);
  assert.deepEqual(noised({ strategy: 'remdm-confidence' }), [1, 2]); // 1/4 each
  assert.deepEqual(noised({ strategy: 'remdm-loop' }), [1, 2]); // 0.02, and α stands still
  assert.deepEqual(noised({ strategy: 'remdm-loop', eta: 0.005 }), []);
  assert.deepEqual(noised({ strategy: 'remdm-loop', loopFrom: 0.4 }), []);
  assert.deepEqual(noised({ strategy: 'remdm-loop', loopUntil: 0.5 }), []);
  // with α = 0.999 there is next to nothing to mask again
  assert.deepEqual(noised({ strategy: 'remdm-loop', loopAlpha: 0.999 }), []);
});

test('blocks of a block-causal model are aligned', () => {
  const layout = (asked: object) => toSampleOptions(checkSampling(asked), vocabulary).layout;
  assert.equal(layout({ blockLength: 4 }), undefined);
  assert.equal(layout({ blockLength: 4, blockCausal: true }), alignedBlocks);
});

test('a cache is what was asked for: exact where it can be, else none', () => {
  const { maskId } = vocabulary;
  const policyOf = (asked: object, exact?: CachePolicy) =>
    toCachePolicy(checkSampling(asked), { maskId, exact });
  assert.equal(policyOf({}), undefined);
  assert.equal(policyOf({}, causalCache), causalCache);
  assert.equal(policyOf({ cache: 'exact' }, causalCache), causalCache);
  assert.equal(policyOf({ cache: 'none' }, causalCache), undefined);
  assert.equal(policyOf({ cache: 'prefix' }), prefixCache);
  const xt = Int32Array.of(1, maskId, 2, 3);
  const block = { index: 0, start: 1, end: 2 };
  const recall = { block, computedTokens: Int32Array.of(1, maskId, maskId, 3), age: 4 };
  const named = (asked: object): number[] => [...policyOf(asked)!(xt, block, recall)];
  assert.deepEqual(named({ cache: 'dual' }), [1]);
  assert.deepEqual(named({ cache: 'dual', cacheRefresh: 4 }), [0, 1, 2, 3]);
  assert.deepEqual(named({ cache: 'delayed' }), [1, 2]);
  assert.deepEqual(named({ cache: 'delayed', cacheRefresh: 4 }), [0, 1, 2, 3]);

  const refused = (asked: object, message: RegExp): void =>
    void assert.throws(() => policyOf(asked), message);
  refused({ cache: 'exact' }, /cache: can be exact only where .* a causal or a block-causal model/);
  refused({ cacheRefresh: 4 }, /cacheRefresh: is for the cache dual or delayed, not for none/);
  refused({ cache: 'prefix', cacheRefresh: 4 }, /not for prefix/);
  refused({ reportCache: true }, /reportCache: needs a cache/);
});

test('counts can be even, as the schedule has them, or as Dream counts', () => {
  const plan = (asked: object): number[] => toSampleOptions(checkSampling(asked), vocabulary).counts!(20, 4);
  assert.deepEqual(plan({ counts: 'even', schedule: 'cosine' }), [5, 5, 5, 5]);
  assert.deepEqual(plan({ counts: 'schedule' }), [5, 5, 5, 5]);
  assert.deepEqual(plan({ counts: 'dream' }), [4, 5, 5, 6]);
});

test('a banned token is not written, and what top-k and top-p cut is not drawn', async () => {
  assert.deepEqual(await write({ banned: [5], stopEarly: false }), [1, 4, 4, 4, 4]);
  const drawn = async (asked: object): Promise<number[]> => {
    const text = await write({ temperature: 1, strategy: 'random', length: 64, stopEarly: false, ...asked });
    return [...new Set(text.slice(1))].sort();
  };
  assert.deepEqual(await drawn({ topK: 2 }), [4, 5]);
  assert.deepEqual(await drawn({ topP: 0.6 }), [5]); // softmax(5) = 0.634
  assert.deepEqual(await drawn({ topP: 0.64 }), [4, 5]);
  assert.ok((await drawn({})).length > 2);
});
