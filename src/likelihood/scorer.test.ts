import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactScorer, randomJoint } from '../../test/exact-scorer.ts';
import { rowCrossEntropy, scorerOfPredictor } from './scorer.ts';

test('by hand: logits ln 1, ln 3 cost ln 4 and ln 4/3', () => {
  const logits = [Math.log(1), Math.log(3)];
  assert.ok(Math.abs(rowCrossEntropy(logits, 0) - Math.log(4)) < 1e-15);
  assert.ok(Math.abs(rowCrossEntropy(logits, 1) - Math.log(4 / 3)) < 1e-15);
});

test('large logits do not overflow, a forbidden target is infinite, and a vocabulary of 126,464 is no trouble', () => {
  assert.ok(Math.abs(rowCrossEntropy([1000, 1000], 0) - Math.LN2) < 1e-12);
  assert.equal(rowCrossEntropy([0, -Infinity], 1), Infinity);
  assert.equal(rowCrossEntropy([0, -Infinity], 0), 0);
  assert.ok(Math.abs(rowCrossEntropy(new Float32Array(126_464), 5) - Math.log(126_464)) < 1e-9);
});

test('a mask predictor scores the rows of a batch as the exact scorer does, in the order of the rows', async () => {
  const joint = randomJoint(3, 4, 5);
  const batch = {
    tokens: { shape: [3, 4], data: Int32Array.of(3, 1, 3, 0, 0, 1, 2, 0, 3, 3, 3, 3) },
    rows: Int32Array.of(0, 2, 8, 11),
    targets: Int32Array.of(2, 0, 1, 1),
  };
  const expected = await exactScorer(joint)(batch);
  const actual = await scorerOfPredictor(joint.predict)(batch);
  assert.equal(actual.length, 4);
  for (let r = 0; r < 4; r++) assert.ok(Math.abs(actual[r] - expected[r]) < 1e-6);
});
