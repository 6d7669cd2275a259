import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { reduced } from '../../test/fake-model.ts';
import { decodeGreedy, greedy, isGreedy } from './greedy-reduction.ts';
import { decoder, type Prediction } from '../sampling/decode.ts';

const near = (a: number, b: number, tolerance: number): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

test('four numbers of a row say what its logits say: token, confidence, margin, entropy', async () => {
  const logit = fc.oneof(fc.float({ min: -30, max: 30, noNaN: true }), fc.constantFrom(0, 5, 5, -1e4));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 3, max: 9 }).chain((V) =>
        fc.record({
          rows: fc.array(fc.array(logit, { minLength: V, maxLength: V }), { minLength: 1, maxLength: 5 }),
          forbidden: fc.array(fc.integer({ min: 0, max: V - 1 }), { maxLength: 1 }),
          vocabularySize: fc.constantFrom(V, V - 1),
        }),
      ),
      async ({ rows: given, forbidden, vocabularySize }) => {
        const [R, V] = [given.length, given[0].length];
        const logits = { shape: [R, V], data: Float32Array.from(given.flat()) };
        const seen = { rows: Int32Array.from(given.keys()), xt: new Int32Array(R), t: 1 };
        const options = { forbidden, vocabularySize };
        const ours = decodeGreedy({ ...seen, logits: await reduced(logits, greedy(V, options)) }, () => 0.5);
        const theirs = decoder(options)({ ...seen, logits }, () => 0.5);
        assert.deepEqual(ours.tokens, theirs.tokens);
        assert.deepEqual(ours.likeliest, theirs.likeliest);
        for (const name of ['confidence', 'margin', 'entropy'] satisfies (keyof Prediction)[])
          for (const [r, value] of ours[name].entries())
            assert.ok(near(value, theirs[name][r], 2e-6), `${name}: ${value}, not ${theirs[name][r]}`);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

test('a confidence near 1 keeps what is missing', async () => {
  const logits = { shape: [2, 3], data: Float32Array.of(40, 0, 0, 45, 0, 0) };
  const rows = Int32Array.of(0, 1);
  const numbers = await reduced(logits, greedy(3, {}));
  // in float32 both would be 1
  assert.ok(numbers.data[1] > numbers.data[5] && numbers.data[5] > 0);
  const { entropy } = decodeGreedy({ logits: numbers, rows, xt: rows, t: 1 }, () => 0.5);
  assert.ok(entropy[0] > entropy[1] && entropy[1] > 0);
});

test('only the plain argmax is greedy', () => {
  assert.ok(isGreedy({}));
  assert.ok(isGreedy({ temperature: 0, forbidden: [3], deferred: [], topP: 1, vocabularySize: 8 }));
  for (const options of [{ temperature: 0.1 }, { deferred: [1] }, { topK: 4 }, { topP: 0.9 }])
    assert.ok(!isGreedy(options), JSON.stringify(options));
});
