import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateLoss } from './late-loss.ts';

const updates = (losses: readonly unknown[], from = 1) =>
  losses.map((loss, i) => ({ kind: 'step', step: from + i, loss }));

test('the loss of a run is the mean of its last fifty updates, of the masks alone once they have begun', () => {
  const many = updates(Array.from({ length: 100 }, (_, i) => (i < 50 ? 9 : 2)));
  assert.equal(lateLoss([...many, { kind: 'validation', step: 100, natsPerToken: 7 }], 0), 2);
  assert.equal(lateLoss(updates([8, 8, 3, 5]), 2), 4);
  assert.equal(lateLoss(updates([8, 6]), 2), 7);
});

test('what was trained again counts once, and a loss that is not finite is told as it is', () => {
  assert.equal(lateLoss([...updates([4, 9, 9]), ...updates([6], 2)], 0), 5);
  assert.equal(lateLoss(updates([1, 'NaN']), 0), 'NaN');
  assert.equal(lateLoss(updates([1, 'NaN', 3]), 0), 2);
  assert.equal(lateLoss([], 0), undefined);
});
