import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '../base/errors.ts';
import { hole, layCanvas } from './canvas.ts';
import { withGuidance } from './guidance.ts';
import type { MaskPredictor } from './predictor.ts';
import { sample } from './sample.ts';
import { countForwards, drain } from './stats.ts';

const M = 3;
/** Writes the end token (2) at position 2, and 1 elsewhere. */
const predict: MaskPredictor = (_, rows) => {
  const data = new Float32Array(rows.length * 3);
  rows.forEach((i, r) => (data[r * 3 + (i === 2 ? 2 : 1)] = 9 - i));
  return Promise.resolve({ shape: [rows.length, 3], data });
};

function ticking(): () => number {
  let now = 100;
  return () => (now += 7);
}

test('a sample is counted: forwards, tokens, tokens a forward and time', async () => {
  const { predict: counted, forwards } = countForwards(predict);
  const frames = sample(counted, layCanvas([[0], hole(6)], M), { maskId: M, steps: 3 });
  const { last, stats } = await drain(frames, { forwards, clock: ticking() });
  assert.deepEqual([...last.tokens], [0, 1, 2, 1, 1, 1, 1]);
  assert.deepEqual(stats, {
    forwards: 3,
    tokens: 6,
    tokensPerForward: 2,
    ms: 14,
    firstTokenMs: 7,
    tokensPerSecond: 6000 / 14,
  });
});

test('tokens filled in behind the end token are not counted', async () => {
  const { predict: counted, forwards } = countForwards(predict);
  const frames = sample(counted, layCanvas([[0], hole(6)], M), { maskId: M, endIds: [2] });
  const { stats } = await drain(frames, { forwards, clock: ticking() });
  assert.deepEqual([stats.forwards, stats.tokens, stats.tokensPerForward], [2, 2, 1]);
});

test('guidance costs two forwards a step, and each sample counts its own', async () => {
  const { predict: counted, forwards } = countForwards(predict);
  const canvas = layCanvas([[0], hole(4)], M);
  const guided = withGuidance(counted, { w: 1, canvas, maskId: M });
  for (let n = 0; n < 2; n++) {
    const frames = sample(guided, canvas, { maskId: M, steps: 2 });
    const { stats } = await drain(frames, { forwards, clock: ticking() });
    assert.equal(stats.forwards, 4);
    assert.equal(stats.tokensPerForward, 1);
  }
});

test('a stream without frames is no sample', async () => {
  async function* nothing(): AsyncGenerator<never> {}
  await assert.rejects(drain(nothing(), { forwards: () => 0, clock: ticking() }), InvariantError);
});
