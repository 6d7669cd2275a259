import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killTraining } from './kills.ts';

test('a training run killed a dozen times at random moments ends with the bits of one that was left alone', async () => {
  const { kills, runs, killsAfterStart, differences } = await killTraining({ kills: 12, seed: 2, steps: 40 });
  assert.deepEqual(differences, []);
  assert.equal(kills, 12);
  assert.ok(runs >= 1);
  assert.ok(killsAfterStart >= 6, `only ${killsAfterStart} kills met a run that had begun to train`);
});
