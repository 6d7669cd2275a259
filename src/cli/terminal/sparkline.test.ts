import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkline } from './sparkline.ts';

test('by hand: the least is the lowest bar, the greatest the highest, and neighbours share a column', () => {
  assert.equal(sparkline([7, 6, 5, 4, 3, 2, 1, 0], 8), '█▇▆▅▄▃▂▁');
  assert.equal(sparkline([8, 6, 1, 1, 4, 4], 3), '█▁▅');
  assert.equal(sparkline([2, 2, 2], 10), '▁▁▁');
  assert.deepEqual([sparkline([1], 10), sparkline([1, 2], 1)], ['', '']);
});
