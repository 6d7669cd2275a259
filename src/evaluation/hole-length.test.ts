import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeliestLength } from './hole-length.ts';
import type { RowScorer } from './scorer.ts';

const M = 99;
const [before, after] = [
  [1, 2, 3],
  [7, 8, 9],
];

/** Drafts a hole with 4s, and keeps the lengths that it was asked for. */
function drafting(asked: number[]) {
  return async (canvas: Int32Array, positions: number[]): Promise<Int32Array> => {
    asked.push(positions.length);
    const tokens = canvas.slice();
    for (const i of positions) tokens[i] = 4;
    return tokens;
  };
}

/** Costs of a hole by its length, and of the given token behind it. */
const costing =
  (hole: (n: number) => number, behind: (n: number) => number): RowScorer =>
  ({ tokens, rows, targets }) => {
    const n = tokens.shape[1] - before.length - after.length;
    return Promise.resolve(
      Float64Array.from(rows, (row, r) => {
        assert.equal(tokens.data[row], M, 'what is scored is masked');
        if (targets[r] === 4) return hole(n) / n;
        return targets[r] === 7 ? behind(n) : 0;
      }),
    );
  };

test('by hand: each token is paid for, and so is a hole that does not join the text behind it', async () => {
  const score = costing(
    (n) => 0.5 * n,
    (n) => (n === 5 ? 0.1 : 4),
  );
  const asked: number[] = [];
  const context = { before, after, maskId: M, draft: drafting(asked) };
  assert.deepEqual(await likeliestLength(score, context, { least: 1, most: 12 }), { length: 5, scored: 36 });
  assert.deepEqual(asked, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  // without anything to gain the shortest is the likeliest
  const plain = costing(
    (n) => 0.5 * n,
    () => 1,
  );
  assert.equal((await likeliestLength(plain, context, { least: 2, most: 9 })).length, 2);
});

test('of a long range at most twelve lengths are tried, closer around the best', async () => {
  for (const wanted of [1, 30, 77, 200]) {
    const asked: number[] = [];
    const score = costing(
      (n) => Math.abs(Math.log(n / wanted)),
      () => 0,
    );
    const context = { before, after, maskId: M, draft: drafting(asked) };
    const { length } = await likeliestLength(score, context, { least: 1, most: 200 });
    assert.ok(asked.length <= 13 && new Set(asked).size === asked.length, asked.join(' '));
    assert.ok(length / wanted < 1.35 && wanted / length < 1.35, `${length} for ${wanted}`);
  }
});

test('masks of other holes and text far away are not scored', async () => {
  const context = {
    before: [...Array(20).fill(1), M, M, 2],
    after: [3, M, ...Array(20).fill(5)],
    maskId: M,
    draft: drafting([]),
  };
  let rowsInAll = 0;
  const score: RowScorer = ({ rows, targets }) => {
    assert.ok(!targets.includes(M));
    rowsInAll += rows.length;
    return Promise.resolve(new Float64Array(rows.length));
  };
  await likeliestLength(score, context, { least: 4, most: 4 });
  assert.equal(rowsInAll, 4 + (8 - 2) + (8 - 1));
});

test('a search that fails does so once nobody reads any more', async () => {
  let reading = 0;
  const score: RowScorer = async ({ rows }) => {
    reading += 1;
    await new Promise((resume) => setTimeout(resume, 10));
    reading -= 1;
    return new Float64Array(rows.length);
  };
  const plain = drafting([]);
  const draft = (canvas: Int32Array, positions: number[]): Promise<Int32Array> =>
    positions.length === 2 ? Promise.reject(new Error('called off')) : plain(canvas, positions);
  const context = { before, after, maskId: M, draft };
  await assert.rejects(likeliestLength(score, context, { least: 1, most: 6 }), /called off/);
  assert.equal(reading, 0);
});
