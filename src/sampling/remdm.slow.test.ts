import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, chiSquareLimit, exactJoint } from '../../test/exact-joint.ts';
import { linearNoise, noiseSchedules } from '../diffusion/noise-schedule.ts';
import { uniforms } from '../base/random.ts';
import { hole, layCanvas } from './canvas.ts';
import { decoder } from './decode.ts';
import type { MaskPredictor } from './predictor.ts';
import {
  capped,
  type Loop,
  remdm,
  rescaled,
  type Sigma,
  standingStill,
  unsureFirst,
  whileStill,
} from './remdm.ts';
import { sample, type SampleOptions } from './sample.ts';
import { ancestral, type ReverseStep, type Strategy } from './strategies.ts';

const loop: Loop = { from: 0.55, until: 0.05, alpha: 0.9 };
const variants: Record<string, (schedule: (typeof noiseSchedules)['linear']) => Strategy> = {
  cap: (schedule) => remdm(schedule, capped(0.2)),
  rescale: (schedule) => remdm(schedule, rescaled(0.3)),
  confidence: (schedule) => remdm(schedule, unsureFirst),
  loop: (schedule) => remdm(standingStill(schedule, loop), whileStill(0.05, loop)),
};

/** Positions 0 and 1 are masked, 2 and 3 stand. */
const step = (fields: Partial<ReverseStep>): ReverseStep => ({
  positions: [0, 1, 2, 3],
  masked: [0, 1],
  asked: [0, 1],
  xt: Int32Array.of(9, 9, 1, 2),
  x0: Int32Array.of(3, 4, 1, 2),
  likeliest: Int32Array.of(3, 4, 1, 2),
  steady: 0,
  confidence: Float64Array.of(0.5, 0.5, 0.9, 0.2),
  margin: new Float64Array(4),
  entropy: new Float64Array(4),
  t: 0.5,
  s: 0.4,
  count: 0,
  uniform: () => 0.5,
  ...fields,
});

test('by hand: α from 0.5 to 0.6 with σ = 0.02 unmasks 0.22 and keeps 0.98', () => {
  const { step: at } = remdm(linearNoise, capped(0.02));
  const written = (u: number) => at(step({ uniform: () => u })).written.length;
  const noised = (u: number) => at(step({ uniform: () => u })).noised!.length;
  assert.deepEqual([written(0.7799), written(0.7801)], [0, 2]); // stays masked below 0.78
  assert.deepEqual([noised(0.0199), noised(0.0201)], [2, 0]);
  assert.ok(Math.abs(0.5 * 0.98 + 0.5 * 0.22 - 0.6) < 1e-12);
});

test('P(a position stands) goes from α(t) to α(s) for every σ that is possible, and σ is possible', () => {
  const constant: Record<string, Sigma> = {
    none: capped(0),
    cap: capped(0.008),
    most: capped(1),
    rescale: rescaled(0.4),
    all: rescaled(1),
  };
  for (const [name, schedule] of Object.entries(noiseSchedules)) {
    for (const [which, sigma] of Object.entries(constant)) {
      for (const [t, s] of [
        [1, 0.9],
        [0.7, 0.3],
        [0.2, 0.1],
        [0.1, 0],
      ]) {
        const [stands, wanted] = [schedule.alpha(t), schedule.alpha(s)];
        const max = stands > 0 ? Math.min(1, schedule.masked(s) / stands) : 1;
        const value = sigma(step({ t, s }), { max, standing: [2, 3] })(0);
        assert.ok(value >= 0 && value <= max, `${name}, ${which}: σ = ${value}`);
        const { step: at } = remdm(schedule, sigma);
        // the least number from which on a mask is written, and the first below which a token stays
        const edge = (holds: (u: number) => boolean): number => {
          let [low, high] = [0, 1];
          for (let n = 0; n < 50; n++) {
            const middle = (low + high) / 2;
            if (holds(middle)) high = middle;
            else low = middle;
          }
          return high;
        };
        const unmasked = 1 - edge((u) => at(step({ t, s, uniform: () => u })).written.length > 0);
        const kept = 1 - edge((u) => at(step({ t, s, uniform: () => u })).noised!.length === 0);
        assert.ok(
          Math.abs(stands * kept + (1 - stands) * unmasked - wanted) < 1e-9,
          `${name}, ${which}, ${t} → ${s}`,
        );
      }
    }
  }
});

test('σ = 0 is the ancestral step', () => {
  for (let n = 0; n < 50; n++) {
    const reverse = step({ uniform: uniforms(n, 'remask'), s: 0.3 });
    const { written, noised } = remdm(linearNoise, capped(0)).step(reverse);
    assert.deepEqual(written, ancestral(linearNoise)(reverse));
    assert.deepEqual(noised, []);
  }
});

test('confidence masks the unsure again the sooner, in proportion to exp(−confidence)', () => {
  const sigma = unsureFirst(step({}), { max: 0.6, standing: [2, 3] });
  const total = Math.exp(-0.9) + Math.exp(-0.2);
  assert.ok(Math.abs(sigma(2) - (0.6 * Math.exp(-0.9)) / total) < 1e-12);
  assert.ok(Math.abs(sigma(3) - (0.6 * Math.exp(-0.2)) / total) < 1e-12);
  assert.ok(Math.abs(sigma(0) - 0.2) < 1e-12);
});

test('a schedule that stands still has every value of the schedule, and its own in between', () => {
  for (const schedule of Object.values(noiseSchedules)) {
    const still = standingStill(schedule, loop);
    const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a}, not ${b}`);
    near(still.alpha(1), schedule.alpha(1));
    near(still.alpha(0), schedule.alpha(0));
    for (const t of [0.55, 0.3, 0.0501]) near(still.alpha(t), 0.9);
    for (const t of [1, 0.8, 0.3, 0.02]) near(still.alpha(t) + still.masked(t), 1);
  }
  // ReMDM's own: (1 − t) · α_on / (1 − t_on) before, 1 − (1 − α_on) · t / t_off after
  assert.ok(Math.abs(standingStill(linearNoise, loop).alpha(0.775) - 0.45) < 1e-12);
  assert.ok(Math.abs(standingStill(linearNoise, loop).alpha(0.025) - 0.95) < 1e-12);
});

const flat: MaskPredictor = (_, rows) =>
  Promise.resolve({ shape: [rows.length, 4], data: new Float32Array(rows.length * 4) });

test('as many tokens stand at each time as the schedule says', async () => {
  const [n, steps, draws] = [10, 16, 250];
  for (const [name, variant] of Object.entries(variants)) {
    for (const schedule of [noiseSchedules.linear, noiseSchedules.cosine]) {
      const standing = new Float64Array(steps + 1);
      let again = 0;
      for (let seed = 0; seed < draws; seed++) {
        const options: SampleOptions = { maskId: 4, steps, strategy: variant(schedule), seed };
        for await (const { step, tokens, changed } of sample(flat, layCanvas([hole(n)], 4), options)) {
          standing[step] += tokens.filter((token) => token !== 4).length;
          again += changed.filter((i) => tokens[i] === 4).length;
        }
      }
      const { alpha } = name === 'loop' ? standingStill(schedule, loop) : schedule;
      for (const [step, sum] of standing.entries()) {
        const expected = alpha((steps - step) / steps);
        // each position is a coin, and no two positions of a sample are alike the more
        const deviation = Math.sqrt((expected * (1 - expected)) / (n * draws));
        const share = sum / (n * draws);
        assert.ok(
          Math.abs(share - expected) <= 5 * deviation + 1e-9,
          `${name}, step ${step}: ${share}, not ${expected}`,
        );
      }
      assert.ok(again > draws / 4, `${name}: ${again} were masked again`);
    }
  }
});

test('with exact conditionals and many steps, samples follow the joint distribution', async () => {
  const { maskId, predict, probability } = exactJoint(
    3,
    3,
    ([a, b, c]) => 1 + 4 * a * b + (a === c ? 6 : 0) + 2 * c,
  );
  const decode = decoder({ temperature: 1, forbidden: [maskId] });
  for (const name of ['cap', 'rescale', 'loop']) {
    const strategy =
      name === 'cap'
        ? remdm(linearNoise, capped(0.02))
        : name === 'rescale'
          ? remdm(linearNoise, rescaled(0.02))
          : variants.loop(linearNoise);
    const counts = probability.map(() => 0);
    for (let seed = 0; seed < 900; seed++) {
      let text = new Int32Array();
      for await (const { tokens } of sample(predict, new Int32Array(3).fill(maskId), {
        maskId,
        decode,
        strategy,
        seed,
        steps: 50,
      }))
        text = Int32Array.from(tokens);
      counts[text[0] + 3 * text[1] + 9 * text[2]] += 1;
    }
    const distance = chiSquare(counts, probability);
    assert.ok(distance < chiSquareLimit(26), `${name}: ${distance}`);
  }
});
