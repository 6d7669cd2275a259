import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosine, linear, schedules } from '../diffusion/schedule.ts';
import { evenly, following } from './counts.ts';

test('the remainder goes to the first steps, as in LLaDA’s code', () => {
  assert.deepEqual(evenly(10, 4), [3, 3, 2, 2]);
  assert.deepEqual(evenly(7, 8), [1, 1, 1, 1, 1, 1, 1, 0]);
  assert.deepEqual(evenly(32, 12), [3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2]);
});

test('following the linear schedule is Algorithm 5 as printed', () => {
  assert.deepEqual(following(linear)(10, 4), [2, 3, 2, 3]);
});

test('following a schedule with as many steps as tokens in the linear case reveals one a step', () => {
  // the floor of 10 · (1 − 0.9) would be 0
  for (let n = 1; n <= 200; n++) assert.ok(following(linear)(n, n).every((count) => count === 1));
});

test('the cosine schedule begins slowly', () => {
  // ⌊8 · (1 − cos(π/2 · k/4))⌋ = 0, 2, 4, 8
  assert.deepEqual(following(cosine)(8, 4), [0, 2, 2, 4]);
});

test('counts add up to the masks, one number a step, none negative', () => {
  for (const counts of [evenly, ...Object.values(schedules).map(following)]) {
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
