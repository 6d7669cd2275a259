import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactScorer, randomJoint } from '../../test/exact-scorer.ts';
import type { RowScorer } from './scorer.ts';
import { tokenCosts } from './token-costs.ts';

const joint = randomJoint(3, 4, 5);
const { maskId, sequences, probability } = joint;

/** −log p of one token given those at some positions, from the table. */
function costGiven(x0: Int32Array, i: number, seen: (j: number) => boolean): number {
  let [fits, both] = [0, 0];
  for (const [n, x] of sequences.entries()) {
    if (!x.every((token, j) => j === i || !seen(j) || token === x0[j])) continue;
    fits += probability[n];
    if (x[i] === x0[i]) both += probability[n];
  }
  return Math.log(fits / both);
}

test('with a canvas for each token the costs are those given all other tokens, exactly', async () => {
  const x0 = Int32Array.of(2, 0, 1, 1);
  const { nats, forwards } = await tokenCosts(exactScorer(joint), { x0, maskId, sets: 4 });
  assert.equal(forwards, 4);
  for (const i of x0.keys()) assert.ok(Math.abs(nats[i] - costGiven(x0, i, () => true)) < 1e-12);
});

test('with K canvases a token is given all but every K-th', async () => {
  const x0 = Int32Array.of(2, 0, 1, 1);
  const { nats, forwards } = await tokenCosts(exactScorer(joint), { x0, maskId, sets: 2 });
  assert.equal(forwards, 2);
  for (const i of x0.keys())
    assert.ok(Math.abs(nats[i] - costGiven(x0, i, (j) => j % 2 !== i % 2)) < 1e-12, `${i}`);
});

test('a token of a word is given those before it in the word, and the other words, exactly', async () => {
  const x0 = Int32Array.of(2, 0, 1, 1);
  const words = Int32Array.of(0, 1, 1, 2);
  const seen: Record<number, number[]> = { 0: [1, 2, 3], 1: [0, 3], 2: [0, 1, 3], 3: [0, 1, 2] };
  const { nats, forwards } = await tokenCosts(exactScorer(joint), { x0, maskId, sets: 3, words });
  assert.equal(forwards, 4);
  for (const i of x0.keys())
    assert.ok(Math.abs(nats[i] - costGiven(x0, i, (j) => seen[i].includes(j))) < 1e-12, `${i}`);
});

test('where all is one word it is the chain rule: the costs together are −log p of the text', async () => {
  for (const x0 of [Int32Array.of(2, 0, 1, 1), Int32Array.of(0, 0, 0, 0)]) {
    const { nats } = await tokenCosts(exactScorer(joint), { x0, maskId, words: new Int32Array(4) });
    const at = sequences.findIndex((x) => x.every((token, j) => token === x0[j]));
    const all = nats.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(all + Math.log(probability[at])) < 1e-12);
  }
});

test('of a long text every token is scored once, with text on both sides where there is any', async () => {
  for (const [L, most] of [
    [40, 16],
    [17, 16],
    [100, 7],
    [5, 1],
    [9, 2],
  ]) {
    const x0 = Int32Array.from({ length: L }, (_, i) => i);
    const times = new Int32Array(L);
    const score: RowScorer = ({ tokens, rows, targets }) => {
      assert.ok(tokens.shape[1] <= most);
      for (const [r, row] of rows.entries()) {
        times[targets[r]] += 1;
        assert.equal(tokens.data[row], 999);
        const [left, right] = [row, tokens.shape[1] - 1 - row];
        const least = Math.floor(most / 4) - 1;
        assert.ok(left >= Math.min(least, targets[r]) && right >= Math.min(least, L - 1 - targets[r]));
      }
      return Promise.resolve(Float64Array.from(targets));
    };
    for (const words of [undefined, x0.map((i) => Math.floor(i / 2))]) {
      times.fill(0);
      const { nats } = await tokenCosts(score, { x0, maskId: 999, maxLength: most, sets: 3, words });
      assert.deepEqual([...times], Array(L).fill(1));
      assert.deepEqual([...nats], [...x0]);
    }
  }
});
