import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeliestLength } from './hole-length.ts';
import type { RowScorer } from './scorer.ts';

const M = 99;
const [before, after] = [
  [1, 2, 3],
  [7, 8, 9],
];

/** Costs of the given tokens behind a hole, by its length; keeps the lengths that are asked for. */
const costing =
  (cost: (n: number, target: number) => number, asked: number[] = []): RowScorer =>
  ({ tokens, rows, targets }) => {
    const [B, L] = tokens.shape;
    const n = L - before.length - after.length;
    asked.push(n);
    assert.equal(rows.length, B);
    return Promise.resolve(
      Float64Array.from(rows, (row, b) => {
        const canvas = [...tokens.data.subarray(b * L, (b + 1) * L)];
        const at = row % L;
        // what is in front of a token is seen, the hole and what is behind it is not
        const seen = after.slice(0, at - before.length - n);
        const masks = Array<number>(after.length - seen.length).fill(M);
        assert.deepEqual(canvas, [...before, ...Array<number>(n).fill(M), ...seen, ...masks]);
        assert.equal(targets[b], after[seen.length]);
        return cost(n, targets[b]);
      }),
    );
  };

test('by hand: the length that explains the text behind it, token by token, whatever it costs to be filled', async () => {
  const asked: number[] = [];
  const costs = (n: number, target: number) => (target === 8 ? Math.abs(n - 5) : 1);
  const found = await likeliestLength(
    costing(costs, asked),
    { before, after, maskId: M },
    { least: 1, most: 12 },
  );
  assert.deepEqual(found, { length: 5, scored: 36 });
  assert.deepEqual(asked, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('of a long range at most thirteen lengths are tried, closer around the best', async () => {
  for (const wanted of [1, 30, 77, 200]) {
    const asked: number[] = [];
    const score = costing((n) => Math.abs(Math.log(n / wanted)), asked);
    const { length } = await likeliestLength(score, { before, after, maskId: M }, { least: 1, most: 200 });
    assert.ok(asked.length <= 13 && new Set(asked).size === asked.length, asked.join(' '));
    assert.ok(length / wanted < 1.35 && wanted / length < 1.35, `${length} for ${wanted}`);
  }
});

test('masks of other holes and text far away are not scored; with nothing behind it a hole is as long as it may be', async () => {
  let rowsInAll = 0;
  const score: RowScorer = ({ rows, targets }) => {
    assert.ok(!targets.includes(M));
    rowsInAll += rows.length;
    return Promise.resolve(new Float64Array(rows.length));
  };
  const context = { before: [1, M, 2], after: [M, M, 3, M, ...Array<number>(20).fill(5)], maskId: M };
  assert.deepEqual(await likeliestLength(score, context, { least: 4, most: 4 }), { length: 4, scored: 8 });
  assert.equal(rowsInAll, 8);
  for (const nothing of [[], [M, M]]) {
    const found = await likeliestLength(score, { ...context, after: nothing }, { least: 2, most: 9 });
    assert.deepEqual(found, { length: 9, scored: 0 });
  }
});

test('a search ends with its signal', async () => {
  const stop = new AbortController();
  let asked = 0;
  const score: RowScorer = ({ rows }) => {
    asked += 1;
    stop.abort(new Error('called off'));
    return Promise.resolve(new Float64Array(rows.length));
  };
  const context = { before, after, maskId: M, signal: stop.signal };
  await assert.rejects(likeliestLength(score, context, { least: 1, most: 6 }), /called off/);
  assert.equal(asked, 1);
});
