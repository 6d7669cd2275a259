import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosineNoise, linearNoise, noiseSchedules } from '../diffusion/noise-schedule.ts';
import { inDllm, roundHalfToEven } from '../../test/dllm-counts.ts';
import { readReference } from '../../test/reference.ts';
import { byShare, dreamCounts, evenly, following } from './reveal-counts.ts';

test('the remainder goes to the first steps, as in LLaDA’s code', () => {
  assert.deepEqual(evenly(10, 4), [3, 3, 2, 2]);
  assert.deepEqual(evenly(7, 8), [1, 1, 1, 1, 1, 1, 1, 0]);
  assert.deepEqual(evenly(32, 12), [3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2]);
});

test('following the linear schedule is Algorithm 5 as printed', () => {
  assert.deepEqual(following(linearNoise)(10, 4), [2, 3, 2, 3]);
});

test('following a schedule with as many steps as tokens in the linear case reveals one a step', () => {
  // the floor of 10 · (1 − 0.9) would be 0
  for (let n = 1; n <= 200; n++) assert.ok(following(linearNoise)(n, n).every((count) => count === 1));
});

test('the cosine schedule begins slowly', () => {
  // ⌊8 · (1 − cos(π/2 · k/4))⌋ = 0, 2, 4, 8
  assert.deepEqual(following(cosineNoise)(8, 4), [0, 2, 2, 4]);
});

test('counts add up to the masks, one number a step, none negative', () => {
  for (const counts of [
    evenly,
    dreamCounts,
    inDllm('cosine'),
    ...Object.values(noiseSchedules).map(following),
  ]) {
    for (let masked = 1; masked <= 40; masked++) {
      for (let steps = 1; steps <= 45; steps++) {
        const plan = counts(masked, steps);
        assert.equal(plan.length, steps);
        assert.equal(
          plan.reduce((a, b) => a + b),
          masked,
        );
        assert.ok(plan.every((count) => Number.isInteger(count) && count >= 0));
      }
    }
  }
});

test('Dream’s own counts: 20 masks in 4 steps are 4, 5, 5 and 6', () => {
  assert.deepEqual(dreamCounts(20, 4), [4, 5, 5, 6]);
});

test('the counts of all recorded runs of Dream', () => {
  interface Recorded {
    generate: {
      args: { alg: string; steps: number; max_new_tokens: number };
      steps: { number_transfer_tokens: number | null }[];
    }[];
  }
  const runs = readReference<Recorded>('dream').generate.filter(({ args }) => args.alg !== 'origin');
  assert.ok(runs.length > 0);
  for (const { args, steps } of runs) {
    const recorded = steps.map((step) => step.number_transfer_tokens);
    assert.deepEqual(dreamCounts(args.max_new_tokens, args.steps), recorded, JSON.stringify(args));
  }
});

test('the recorded counts of dllm, rounded half to even, without its empty steps', () => {
  interface Recorded {
    num_transfer_tokens_table: {
      masks: number;
      steps: number;
      scheduler: 'linear' | 'cosine';
      num_transfer_tokens: number[];
    }[];
  }
  const table = readReference<Recorded>('a2d_qwen3').num_transfer_tokens_table;
  assert.ok(table.length > 0);
  for (const { masks, steps, scheduler, num_transfer_tokens } of table) {
    const counts = inDllm(scheduler)(masks, steps).filter((count) => count > 0);
    assert.deepEqual(counts, num_transfer_tokens, `${masks} masks, ${steps} steps, ${scheduler}`);
  }
});

test('a share in float64 and one in float32 round 3 · ½ to different sides', () => {
  assert.deepEqual(byShare(linearNoise.masked, roundHalfToEven)(5, 3), [2, 2, 1]);
  assert.deepEqual(inDllm('linear')(5, 3), [2, 1, 2]);
});
