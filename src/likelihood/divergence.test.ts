import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Canvas } from './scored-canvas.ts';
import { divergence, klDivergence } from './divergence.ts';

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a}, not ${b}`);

test('KL by hand: of (½, ½) from (¼, ¾) it is ½ log ⁴⁄₃', () => {
  const [p, q] = [
    [0.5, 0.5],
    [0.25, 0.75],
  ].map((row) => Float64Array.from(row, Math.log));
  near(klDivergence(p, q), 0.5 * Math.log(4 / 3));
  near(klDivergence(p, p), 0);
});

test('two models on two canvases of one window, by hand', () => {
  const canvas = (rows: number[], targets: number[], weight: number): Canvas => ({
    tokens: Int32Array.of(0, 0),
    rows: Int32Array.from(rows),
    targets: Int32Array.from(targets),
    weight,
  });
  const [one, both] = [canvas([1], [1], 2), canvas([0, 1], [0, 1], 1)];
  const even = [0, 0];
  // logits may have any sum: these are (¼, ¾)
  const odd = [7, 7 + Math.log(3)];
  const logits = (row: number[]) => (given: Canvas) =>
    Float32Array.from(Array.from(given.rows).flatMap(() => row));
  const found = divergence([[one, both]], 2, logits(even), logits(odd));
  assert.equal(found.rows, 3);
  near(found.meanKl, 0.5 * Math.log(4 / 3));
  near(found.maxKl, 0.5 * Math.log(4 / 3));
  // of two equal ones the first is the likeliest
  assert.equal(found.sameToken, 0);
  near(found.natsPerToken.reference, Math.log(2));
  const costs = [2 * Math.log(4 / 3), Math.log(4) + Math.log(4 / 3)];
  near(found.natsPerToken.other, (costs[0] + costs[1]) / 2 / 2);
  const same = divergence([[one, both]], 2, logits(odd), logits(odd));
  assert.deepEqual([same.meanKl, same.maxKl, same.sameToken], [0, 0, 1]);
});
