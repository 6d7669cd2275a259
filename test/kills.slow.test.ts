import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killTraining, objectives } from './kills.ts';

for (const objective of Object.keys(objectives) as (keyof typeof objectives)[])
  test(`a training run of ${objective} killed at random moments ends with the bits of one that was left alone`, async () => {
    const report = await killTraining({ kills: 5, seed: 2, steps: 30, objective });
    assert.deepEqual(report.differences, []);
    assert.equal(report.kills, 5);
    assert.ok(report.runs >= 1);
    assert.ok(
      report.killsAfterStart >= 3,
      `only ${report.killsAfterStart} kills met a run that had begun to train`,
    );
  });
