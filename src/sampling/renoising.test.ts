import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hole, layCanvas } from './canvas.ts';
import { decoder } from './decode.ts';
import { uniformNoise } from './noise.ts';
import type { MaskPredictor } from './predictor.ts';
import { renoising } from './renoising.ts';
import { type Frame, sample, type SampleOptions } from './sample.ts';
import type { ReverseStep } from './strategies.ts';

const step = (fields: Partial<ReverseStep>): ReverseStep => ({
  positions: [1, 2, 3],
  masked: [1, 2, 3],
  asked: [1, 2, 3],
  xt: Int32Array.of(8, 4, 5, 6),
  x0: Int32Array.of(8, 1, 2, 3),
  likeliest: Int32Array.of(8, 1, 2, 7),
  steady: 1,
  confidence: Float64Array.of(NaN, 0.3, 0.9, 0.5),
  margin: Float64Array.of(NaN, 0.2, 0.8, 0.1),
  entropy: Float64Array.of(NaN, 0.6, 0.2, 1),
  t: 1,
  s: 0.5,
  count: 1,
  uniform: () => 0.5,
  ...fields,
});

test('what keeps within the bound is written, all else is noise again', () => {
  const after = (bound: number) => {
    const { written, noised, done } = renoising({ bound, stability: 9, confidence: 9 }).step(step({}));
    assert.equal(done, false);
    return [written, noised];
  };
  assert.deepEqual(after(0.1), [[2], [1, 3]]);
  assert.deepEqual(after(0.2), [[2, 1], [3]]);
  assert.deepEqual(after(0.8), [[2, 1, 3], []]);
});

test('a block that is stable and sure is done, with its likeliest tokens', () => {
  const done = (stability: number, confidence: number) =>
    renoising({ bound: 0.1, stability, confidence }).step(step({})).done;
  assert.equal(done(1, 0.7), true); // the mean of 0.6, 0.2 and 1 is 0.6
  assert.equal(done(2, 0.7), false);
  assert.equal(done(1, 0.6), false);
  const rule = renoising({ bound: 0.1, stability: 1, confidence: 0.7 });
  for (const { written, tokens } of [rule.step(step({})), rule.finish!(step({}))])
    assert.deepEqual(
      [written, [...tokens!]],
      [
        [1, 2, 3],
        [8, 1, 2, 7],
      ],
    );
});

const V = 6;
const end = 5;

/** A predictor that gives each position a token by heart, with so much of a lead. */
const knows =
  (text: readonly number[], lead: number): MaskPredictor =>
  (_, rows) => {
    const data = new Float32Array(rows.length * V);
    for (const [r, i] of rows.entries()) data[r * V + text[i]] = lead;
    return Promise.resolve({ shape: [rows.length, V], data });
  };

const options = {
  maskId: V,
  blockLength: 3,
  stepsPerBlock: 10,
  noise: uniformNoise(V),
  decode: decoder({ temperature: 1 }),
  strategy: renoising({ bound: 0.1, stability: 1, confidence: 0.01 }),
} satisfies SampleOptions;

async function all(
  predict: MaskPredictor,
  length: number,
  changes: Partial<SampleOptions> = {},
): Promise<Frame[]> {
  const frames: Frame[] = [];
  const canvas = layCanvas([[0], hole(length)], V);
  for await (const frame of sample(predict, canvas, { ...options, ...changes })) frames.push(frame);
  return frames;
}

test('who is sure from the beginning needs one step and one more for each block to be stable', async () => {
  const text = [0, 1, 2, 3, 4, 1, 2];
  const frames = await all(knows(text, 50), 6);
  assert.deepEqual([...frames.at(-1)!.tokens], text);
  assert.deepEqual(
    frames.map(({ block, t }) => [block, t]),
    [
      [0, 1],
      [0, 0.9],
      [0, 0],
      [1, 0.9],
      [1, 0],
    ],
  );
});

test('the predictor is asked again even where a step changed nothing, for it may have a memory', async () => {
  const text = [0, 1, 2, 3];
  const predict = knows(text, 50);
  let forwards = 0;
  const counting: MaskPredictor = (...asked) => {
    forwards += 1;
    return predict(...asked);
  };
  await all(counting, 3, { strategy: renoising({ bound: 9, stability: 4, confidence: 0.01 }) });
  assert.equal(forwards, 5);
});

test('frames show noise as masks, and the predictor sees tokens alone', async () => {
  const seen: number[] = [];
  const predict = knows([0, 1, 2, 3, 4, 1, 2], 2);
  const watching: MaskPredictor = (xt, ...others) => {
    seen.push(...xt);
    return predict(xt, ...others);
  };
  const frames = await all(watching, 6);
  assert.ok(seen.every((token) => token < V));
  assert.deepEqual([...frames[0].tokens], [0, V, V, V, V, V, V]);
  const inner = frames.slice(1, 10);
  assert.ok(
    inner.every(({ tokens }) => tokens.includes(V) && tokens.subarray(4).every((token) => token === V)),
  );
  assert.ok(inner.some(({ tokens }) => tokens.subarray(1, 4).some((token) => token !== V)));
  for (const [n, { tokens, changed }] of frames.entries())
    if (n > 0)
      assert.deepEqual(
        changed,
        [...tokens.keys()].filter((i) => tokens[i] !== frames[n - 1].tokens[i]),
      );
});

test('who is never sure writes the likeliest tokens in the last step', async () => {
  const text = [0, 1, 2, 3];
  const frames = await all(knows(text, 1), 3);
  assert.equal(frames.length, 11);
  assert.deepEqual([...frames.at(-1)!.tokens], text);
  assert.notDeepEqual([...frames.at(-2)!.tokens], text);
});

test('an end token of a finished block ends the text; one among the noise of a later block does not', async () => {
  const text = [0, 1, end, 3, 4, 1, 2, 2, 2, 2];
  const frames = await all(knows(text, 50), 9, { endIds: [end] });
  assert.deepEqual([...frames.at(-1)!.tokens], [0, 1, end, 3, ...Array(6).fill(end)]);
  assert.equal(frames.at(-1)!.block, 0);
  assert.ok(Number.isNaN(frames.at(-1)!.confidence[4]));
  const endless = [0, 1, 2, 3, 4, 1, 2, 2, 2, 2];
  for (let seed = 0; seed < 20; seed++) {
    const later = await all(knows(endless, 50), 9, { endIds: [end], seed });
    assert.deepEqual([...later.at(-1)!.tokens], endless);
  }
});

test('the likeliest tokens of a block that began as they are, are not stable before they were predicted twice', async () => {
  const text = [0, 1, 2, 3];
  // noise that happens to be the text
  const noise = { ...uniformNoise(V), draw: (i: number) => text[i] };
  const frames = await all(knows(text, 50), 3, { noise });
  assert.equal(frames.length, 3);
});
