import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killBatches } from './batch-kills.ts';

test('a batch that is killed at random moments has the results of one that was left alone', async () => {
  const report = await killBatches({ kills: 5, seed: 3, requests: 80 });
  assert.equal(report.differences, 0);
  assert.equal(report.kills, 5);
  assert.ok(report.killsInside >= 2, `${report.killsInside}`);
});
