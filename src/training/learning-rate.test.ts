import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantRate, cosineRate, rates, wsd, type RateOptions } from './learning-rate.ts';

const recipe: RateOptions = { peak: 1e-3, minimum: 1e-4, warmup: 100, steps: 2000, decayShare: 0.2 };
const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-15, `${actual} ≠ ${expected}`);

test('every schedule rises in a straight line and reaches its peak with the last warm-up update', () => {
  for (const make of Object.values(rates)) {
    const rate = make(recipe);
    close(rate(0), 1e-5);
    close(rate(49), 5e-4);
    close(rate(99), 1e-3);
  }
});

test('cosine is half-way down in the middle of the rest and at the minimum with the last update', () => {
  const rate = cosineRate(recipe);
  close(rate(100 + 950 - 1), 5.5e-4);
  close(rate(1999), 1e-4);
  assert.ok(rate(1998) > rate(1999));
});

test('wsd stays at the peak until its decay, then falls in a straight line to the minimum', () => {
  const rate = wsd(recipe);
  close(rate(1599), 1e-3);
  close(rate(1799), 5.5e-4);
  close(rate(1999), 1e-4);
});

test('the rates of a longer wsd run are the same up to the decay of the shorter one', () => {
  const short = wsd(recipe);
  const long = wsd({ ...recipe, steps: 4000 });
  for (let step = 0; step < 1600; step++) assert.equal(short(step), long(step));
  assert.notEqual(short(1600), long(1600));
});

test('no warm-up begins at the peak, and constant stays there', () => {
  close(constantRate({ ...recipe, warmup: 0 })(0), 1e-3);
  close(constantRate(recipe)(1e6), 1e-3);
});

test('a run of one update and one that is all warm-up have finite rates', () => {
  for (const make of Object.values(rates)) {
    for (const options of [
      { ...recipe, warmup: 0, steps: 1 },
      { ...recipe, warmup: 5, steps: 5, decayShare: 0 },
    ]) {
      for (let step = 0; step < options.steps; step++) assert.ok(make(options)(step) > 0);
    }
  }
});
