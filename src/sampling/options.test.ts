import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schedules } from '../diffusion/schedule.ts';
import { hole, layCanvas } from './canvas.ts';
import { samplingSchema, strategyNames, toSampleOptions, type Vocabulary } from './options.ts';
import type { MaskPredictor } from './predictor.ts';
import { sample } from './sample.ts';

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
  const options = samplingSchema.parse({ length: 4, ...asked });
  const canvas = layCanvas([[1], hole(options.length)], vocabulary.maskId);
  let tokens: number[] = [];
  for await (const frame of sample(predict, canvas, toSampleOptions(options, vocabulary))) {
    tokens = [...frame.tokens];
  }
  return tokens;
}

test('every strategy and schedule that can be named writes a text', async () => {
  for (const strategy of strategyNames) {
    for (const schedule of Object.keys(schedules)) {
      for (const temperature of [0, 1]) {
        const tokens = await write({ strategy, schedule, temperature, steps: 3, stopEarly: false });
        assert.ok(tokens.every((token) => token < 6));
      }
    }
  }
});

test('the likeliest token is never [MASK] nor beyond the tokenizer', async () => {
  assert.deepEqual(await write({}), [1, 5, 5, 5, 5]);
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
    assert.throws(() => toSampleOptions(samplingSchema.parse(asked), of), message);
  };
  refused(
    { tau: 0.5 },
    /^InvalidOptionError: tau: is for the strategy threshold, not for low-confidence, got 0.5/,
  );
  refused({ endless: true, endLast: true }, /endLast: has no use with endless/);
  refused({ endless: true }, /endless: needs a tokenizer with an end token/, { ...vocabulary, endIds: [] });
  refused({ endLast: true }, /endLast: needs a tokenizer with an end token/, { ...vocabulary, endIds: [] });
});

test('threshold without τ is 0.9', async () => {
  const { strategy } = toSampleOptions(samplingSchema.parse({ strategy: 'threshold' }), vocabulary);
  const step = { masked: [0, 1, 2], confidence: Float64Array.of(0.89, 0.9, 0.95), t: 1, s: 0, count: 1 };
  assert.deepEqual(strategy!({ ...step, uniform: () => 0.5 }), [1, 2]);
});
