import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosine, linear } from '../diffusion/schedule.ts';
import { ancestral, lowConfidence, random, type ReverseStep, threshold } from './strategies.ts';

const step = (fields: Partial<ReverseStep>): ReverseStep => ({
  masked: [1, 2, 4, 5],
  confidence: Float64Array.of(NaN, 0.3, 0.9, NaN, 0.5, 0.3),
  t: 1,
  s: 0.5,
  count: 2,
  uniform: (i) => [0.9, 0.1, 0.2, 0.9, 0.7, 0.6][i],
  ...fields,
});

test('low confidence keeps the surest, and the leftmost among equals', () => {
  assert.deepEqual(lowConfidence(step({})), [2, 4]);
  assert.deepEqual(lowConfidence(step({ count: 3 })), [2, 4, 1]);
  assert.deepEqual(lowConfidence(step({ count: 0 })), []);
});

test('random keeps the count, by its own numbers alone', () => {
  assert.deepEqual(random(step({})), [4, 5]);
});

test('ancestral keeps masked what a coin of (1 − α(s)) / (1 − α(t)) says', () => {
  assert.deepEqual(ancestral(linear)(step({})), [4, 5]); // s/t = 1/2
  assert.deepEqual(ancestral(linear)(step({ t: 0.75, s: 0.5 })), [4]); // s/t = 2/3
  // sin(π/4) / sin(π/2) = 0.707
  assert.deepEqual(ancestral(cosine)(step({})), []);
  assert.deepEqual(ancestral(cosine)(step({ uniform: (i) => (i === 2 ? 0.71 : 0.7) })), [2]);
});

test('threshold keeps all of at least τ', () => {
  assert.deepEqual(threshold(0.5)(step({})), [2, 4]);
  assert.deepEqual(threshold(0.3)(step({})), [1, 2, 4, 5]);
});

test('threshold keeps the surest one when none reaches τ', () => {
  assert.deepEqual(threshold(0.95)(step({})), [2]);
  assert.deepEqual(threshold(1)(step({ masked: [1, 5] })), [1]);
});
