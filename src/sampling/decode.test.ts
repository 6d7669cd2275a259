import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, chiSquareLimit } from '../../test/exact-joint.ts';
import type { NdArray } from '../base/array.ts';
import { InvalidOptionError, InvariantError } from '../base/errors.ts';
import { gumbel, uniforms } from '../base/random.ts';
import { argmax, type DecodeOptions, decodeRows, decoder, type Seen } from './decode.ts';

const half = (): number => 0.5;

/** What a predictor said of some positions of a long canvas. */
const seen = (logits: NdArray, ...rows: number[]): Seen => ({
  logits,
  rows: Int32Array.from(rows),
  xt: new Int32Array(10),
  t: 1,
});

/** Decodes one row, at position 0. */
function one(logits: number[], options: DecodeOptions, u = 0.5): [token: number, confidence: number] {
  const row = { shape: [1, logits.length], data: Float32Array.from(logits) };
  const { tokens, confidence } = decoder(options)(seen(row, 0), () => u);
  return [tokens[0], confidence[0]];
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-7, `${actual} is not ${expected}`);

test('by hand: the likeliest token and its probability', () => {
  const [token, confidence] = one([0, Math.log(2), 0], {});
  assert.equal(token, 1);
  near(confidence, 0.5);
});

test('the first of equal logits is taken', () => {
  assert.equal(one([1, 3, 3, 3], {})[0], 1);
});

test('a forbidden token is neither taken nor counted', () => {
  const [token, confidence] = one([Math.log(3), Math.log(2), 9], { forbidden: [2] });
  assert.equal(token, 0);
  near(confidence, 3 / 5);
});

test('a deferred token may be taken, with no confidence, and the others do not count it', () => {
  const options = { deferred: [2] };
  assert.deepEqual(one([0, 0, 9], options), [2, 0]);
  const [token, confidence] = one([Math.log(3), 0, 0], options);
  assert.equal(token, 0);
  near(confidence, 3 / 4);
});

/** Margin and entropy of one row. */
function certainty(logits: number[], options: DecodeOptions = {}): number[] {
  const row = { shape: [1, logits.length], data: Float32Array.from(logits) };
  const { margin, entropy } = decoder(options)(seen(row, 0), half);
  return [margin[0], entropy[0]];
}

test('by hand: margin and entropy of ½, ¼, ¼', () => {
  const [margin, entropy] = certainty([0, Math.log(2), 0]);
  near(margin, 1 / 4);
  near(entropy, 1.5 * Math.LN2);
});

test('a uniform row has no margin and entropy ln V; a certain one has margin 1 and entropy 0', () => {
  const uniform = certainty(Array.from({ length: 50 }, () => 7));
  near(uniform[0], 0);
  near(uniform[1], Math.log(50));
  assert.deepEqual(certainty([0, 0, 9], { forbidden: [0, 1] }), [1, 0]);
});

test('a deferred token has no margin and entropy without end', () => {
  assert.deepEqual(certainty([0, 0, 9], { deferred: [2] }), [0, Infinity]);
});

test('top-k leaves the k likeliest and what equals the last of them, and counts nothing else', () => {
  const [token, confidence] = one([0, Math.log(3), Math.log(2)], { topK: 2 });
  assert.equal(token, 1);
  near(confidence, 3 / 5);
  near(one([1, 1, 1, 0], { topK: 2 })[1], 1 / 3);
  near(one([1, 1], { topK: 5 })[1], 1 / 2);
});

test('top-p leaves the likeliest tokens up to the one that passes p', () => {
  const logits = [0.5, 0.3, 0.15, 0.05].map(Math.log);
  near(one(logits, { topP: 0.01 })[1], 1);
  near(one(logits, { topP: 0.49 })[1], 1);
  near(one(logits, { topP: 0.51 })[1], 0.5 / 0.8);
  near(one(logits, { topP: 0.81 })[1], 0.5 / 0.95);
  near(one(logits, { topP: 1 })[1], 0.5);
  // at T = 1/2 the squares count: 0.25, 0.09, … of 0.365
  near(one(logits, { topP: 0.68, temperature: 0.5 }, 1e-9)[1], 1);
  near(one(logits, { topP: 0.69, temperature: 0.5 }, 1e-9)[1], 0.5 / 0.8);
});

test('top-k and top-p that leave nothing are refused', () => {
  for (const options of [{ topK: 0 }, { topK: NaN }, { topP: 0 }, { topP: 1.5 }, { topP: NaN }]) {
    assert.throws(() => decoder(options), InvalidOptionError);
  }
});

test('rows beyond the vocabulary do not exist', () => {
  const [token, confidence] = one([0, 0, 9, 9], { vocabularySize: 2, forbidden: [3] });
  assert.equal(token, 0);
  near(confidence, 1 / 2);
});

test('the confidence is that of the network, whatever the temperature', () => {
  for (const temperature of [0.1, 1, 5]) {
    const [token, confidence] = one([0, Math.log(3)], { temperature }, 0.9999);
    assert.equal(token, 1);
    near(confidence, 3 / 4);
  }
});

test('temperature 1 samples the softmax', () => {
  const logits = Array.from({ length: 12 }, (_, v) => 2.5 * Math.sin(v));
  const weights = logits.map(Math.exp);
  const total = weights.reduce((a, b) => a + b);
  const probability = weights.map((w) => w / total);
  const counts = drawn(logits, 1, 50_000);
  const distance = chiSquare(counts, probability);
  assert.ok(distance < chiSquareLimit(11), `χ² = ${distance}`);
});

test('temperature T samples softmax(logits / T), as Gumbel-max does', () => {
  const logits = [0, 1, 2, -1, 0.5];
  const weights = logits.map((l) => Math.exp(l / 0.7));
  const total = weights.reduce((a, b) => a + b);
  const probability = weights.map((w) => w / total);
  assert.ok(chiSquare(drawn(logits, 0.7, 50_000), probability) < chiSquareLimit(4));
  assert.ok(
    chiSquare(drawn(logits, 1, 50_000), probability) > chiSquareLimit(4),
    'the test can tell T from 1',
  );

  const counts = logits.map(() => 0);
  const noise = uniforms(3, 'token');
  const row = { shape: [1, 5], data: Float32Array.from(logits) };
  for (let n = 0; n < 50_000; n++) {
    const { tokens } = decodeRows(row, Int32Array.of(n), (l, position) =>
      argmax(
        l.map((value, v) => value / 0.7 + gumbel(noise(position * 5 + v))),
        position,
        0,
      ),
    );
    counts[tokens[0]] += 1;
  }
  assert.ok(chiSquare(counts, probability) < chiSquareLimit(4));
});

test('the lower the temperature, the surer the likeliest token; in the limit it is the argmax', () => {
  const logits = Array.from({ length: 40 }, (_, v) => Math.cos(1.7 * v));
  const likeliest = one(logits, {})[0];
  for (let n = 0; n < 200; n++) {
    assert.equal(one(logits, { temperature: 1e-4 }, uniforms(0, 'token')(n))[0], likeliest);
    assert.equal(one(logits, { temperature: Number.MIN_VALUE }, uniforms(0, 'token')(n))[0], likeliest);
  }
});

test('the ends of the unit interval give possible tokens', () => {
  const impossible = { temperature: 1, forbidden: [0, 3] };
  assert.equal(one([5, 1, 1, 5], impossible, 2 ** -54)[0], 1);
  assert.equal(one([5, 1, 1, 5], impossible, 1 - 2 ** -53)[0], 2);
});

test('a vocabulary of 126,464 is decoded', () => {
  const V = 126_464;
  const data = new Float32Array(2 * V);
  data[V - 1] = 20;
  data[V + 5] = 20;
  for (const temperature of [0, 0.5]) {
    const { tokens } = decoder({ temperature })(seen({ shape: [2, V], data }, 3, 8), half);
    assert.deepEqual([...tokens], [V - 1, 5]);
  }
});

test('logits that are not numbers are refused, never sampled', () => {
  for (const logits of [
    [NaN, 1],
    [1, NaN],
    [Infinity, 1],
    [-Infinity, -Infinity],
  ]) {
    for (const temperature of [0, 1]) {
      assert.throws(
        () => one(logits, { temperature }),
        /position 0 are .*not numbers|are no numbers \(NaN\)/,
      );
    }
  }
});

test('logits of another shape than was asked for are refused', () => {
  const logits = { shape: [2, 3], data: new Float32Array(6) };
  assert.throws(() => decodeRows(logits, Int32Array.of(1), argmax), InvariantError);
  const short = { shape: [2, 3], data: new Float32Array(5) };
  assert.throws(() => decodeRows(short, Int32Array.of(1, 2), argmax), InvariantError);
});

test('a temperature is a number from 0', () => {
  for (const temperature of [-1, NaN, Infinity]) {
    assert.throws(() => decoder({ temperature }), InvalidOptionError);
  }
});

/** How often each token comes, at positions 0 … n − 1. */
function drawn(logits: number[], temperature: number, n: number): number[] {
  const counts = logits.map(() => 0);
  const decode = decoder({ temperature });
  const row = { shape: [1, logits.length], data: Float32Array.from(logits) };
  const uniform = uniforms(11, 'token');
  for (let position = 0; position < n; position++) {
    counts[decode(seen(row, position), uniform).tokens[0]] += 1;
  }
  return counts;
}

test('minP leaves what is at least so likely as a share of the likeliest, typicalP what is about as surprising as expected', () => {
  // p = 1/2, 1/4, 1/8, 1/8: H = 1.75 ln 2, and the surprises are 1, 2, 3, 3 times ln 2
  const logits = { shape: [1, 4], data: Float32Array.from([8, 4, 2, 2], Math.log) };
  const seen = { logits, rows: Int32Array.of(0), xt: Int32Array.of(0), t: 1 };
  /** The tokens that a draw can give. */
  const possible = (options: DecodeOptions): number[] => {
    const draws = Array.from(
      { length: 64 },
      (_, i) => decoder({ temperature: 1, ...options })(seen, () => i / 64).tokens[0],
    );
    return [...new Set(draws)].sort();
  };
  assert.deepEqual(possible({}), [0, 1, 2, 3]);
  assert.deepEqual(possible({ minP: 0.3 }), [0, 1]);
  assert.deepEqual(possible({ minP: 0.6 }), [0]);
  assert.deepEqual(possible({ typicalP: 0.2 }), [1]);
  assert.deepEqual(possible({ typicalP: 0.7 }), [0, 1]);
  assert.deepEqual(possible({ typicalP: 0.8 }), [0, 1, 2]);
  assert.deepEqual(possible({ topK: 2, typicalP: 0.2 }), [0]);
  for (const wrong of [{ minP: 2 }, { typicalP: 0 }]) assert.throws(() => decoder(wrong), /must be/);
});
