import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortRunSteps, shortRunWarmup, timesRead, warmupUpdates } from './short-run.ts';

const reading = { steps: 1000, tokens: 2048, bytes: 1e6 };

test('the causal warm-up is a quarter of the updates, but reads a text three times at most', () => {
  assert.equal(timesRead({ steps: 10, tokens: 100, bytes: 1500 }), 2);
  assert.equal(warmupUpdates({ ...reading, bytes: 1e6 }), 250);
  // by hand: 3 · 16,000 bytes / (3 bytes · 2,048 tokens) = 7.8 updates
  assert.equal(warmupUpdates({ ...reading, bytes: 16_000 }), 7);
  // where a quarter reads it three times, both say the same
  const bytes = (1000 * 2048 * 3) / 12;
  assert.equal(warmupUpdates({ ...reading, bytes }), 250);
  assert.ok(warmupUpdates({ ...reading, bytes: 0.9 * bytes }) < 250);
});

test('a text that one update reads several times has no warm-up; nor have other objectives', () => {
  assert.equal(shortRunWarmup({}, { ...reading, bytes: 1000 }), undefined);
  assert.equal(shortRunWarmup({}, { ...reading, bytes: 0 }), undefined);
  assert.equal(shortRunWarmup({}, reading), 250);
  assert.equal(shortRunWarmup({ shiftedLogits: false }, reading), undefined);
  assert.equal(shortRunWarmup({ objective: 'autoregressive' }, reading), undefined);
});

test('its steps are those of Muon, at a rate of their own; what was asked for stays, and answers and models to begin with have their defaults', () => {
  assert.deepEqual(shortRunSteps({}), { optimizer: 'muon', learningRate: 6e-3 });
  assert.deepEqual(shortRunSteps({ optimizer: 'adamw' }), { optimizer: 'adamw', learningRate: 4e-3 });
  assert.deepEqual(shortRunSteps({ learn: 'answers' }), {});
  assert.deepEqual(shortRunSteps({ from: 'models/stories' }), {});
});
