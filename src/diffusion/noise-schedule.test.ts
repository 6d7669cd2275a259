import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosineNoise, linearNoise, logLinear, polynomial, noiseSchedules } from './noise-schedule.ts';

const times = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

function near(actual: number, expected: number, tolerance = 1e-12): void {
  const error = Math.abs(actual - expected);
  assert.ok(error <= tolerance * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
}

for (const [name, schedule] of Object.entries({
  ...noiseSchedules,
  cubic: polynomial(3),
  root: polynomial(0.5),
})) {
  test(`${name}: everything is visible at t = 0, and less at every later time`, () => {
    assert.equal(schedule.alpha(0), 1);
    let before = 1;
    for (const t of [...times, 1]) {
      assert.ok(schedule.alpha(t) < before);
      before = schedule.alpha(t);
    }
  });

  test(`${name}: what is not visible is masked, to the last digit at small times`, () => {
    for (const t of [0, ...times, 1]) near(schedule.masked(t), 1 - schedule.alpha(t));
    assert.ok(schedule.masked(1e-20) > 0);
  });

  test(`${name}: weight is −α′ / (1 − α)`, () => {
    const h = 1e-6;
    for (const t of times) {
      const slope = (schedule.alpha(t + h) - schedule.alpha(t - h)) / (2 * h);
      near(schedule.weight(t) * schedule.masked(t), -slope, 1e-7);
    }
  });

  test(`${name}: time is the inverse of alpha`, () => {
    for (const t of [0, ...times]) near(schedule.time(schedule.alpha(t)), t);
  });
}

test('nothing is visible at t = 1, but for the ε of the log-linear schedule', () => {
  for (const schedule of [linearNoise, cosineNoise, polynomial(2), polynomial(0.5), logLinear(0)]) {
    assert.equal(schedule.alpha(1), 0);
  }
  near(noiseSchedules['log-linear'].alpha(1), 1e-3);
});

test('by hand: half-way the linear schedule shows 1/2, at t = 1/3 the cosine 1/2, at 1/2 the quadratic 3/4', () => {
  near(linearNoise.alpha(1 / 2), 1 / 2);
  near(linearNoise.weight(1 / 4), 4);
  near(cosineNoise.alpha(1 / 3), 1 / 2);
  near(cosineNoise.weight(1 / 3), (Math.PI / 2) * Math.sqrt(3));
  near(polynomial(2).alpha(1 / 2), 3 / 4);
  near(polynomial(2).weight(1 / 2), 4);
});

test('the log-linear schedule is e^−σ, and its weight σ′ / (e^σ − 1)', () => {
  const epsilon = 0.01;
  const schedule = logLinear(epsilon);
  for (const t of times) {
    const sigma = -Math.log(1 - (1 - epsilon) * t);
    const rate = (1 - epsilon) / (1 - (1 - epsilon) * t);
    near(schedule.alpha(t), Math.exp(-sigma));
    near(schedule.weight(t), rate / Math.expm1(sigma));
  }
});

test('an exponent or ε that makes no schedule is refused', () => {
  const refused = { name: 'InvalidOptionError' };
  for (const exponent of [0, -1, NaN, Infinity]) assert.throws(() => polynomial(exponent), refused);
  for (const epsilon of [-0.1, 1, NaN]) assert.throws(() => logLinear(epsilon), refused);
});
