import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import type { NdArray } from '../base/array.ts';
import { initialParameters } from './initialise.ts';
import { causal } from './attention-pattern.ts';
import type { TransformerConfig } from './config.ts';
import { llada } from './families/llada.ts';
import { openNetwork } from './network.ts';

const allRows = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

/** A mask over keys, [B, L], as one over queries and keys, [B, L, L]. */
function overQueries(mask: number[][]): NdArray<Uint8Array> {
  const L = mask[0].length;
  return {
    shape: [mask.length, L, L],
    data: Uint8Array.from(mask.flatMap((keys) => Array(L).fill(keys).flat())),
  };
}

const config: TransformerConfig = {
  ...smallNetwork,
  layers: 2,
  width: 32,
  heads: 4,
  hidden: 48,
  vocabularySize: 20,
  maxLength: 16,
  qkvBias: false,
};

/** A network with large random weights, so that every token matters to every other. */
function randomNetwork(changes: Partial<TransformerConfig> = {}) {
  const changed = { ...config, ...changes };
  const parameters = initialParameters(changed, llada.names, 3);
  for (const { data, shape } of parameters.values())
    if (shape.length === 2) for (let i = 0; i < data.length; i++) data[i] *= 8;
  return openNetwork(changed, llada.names, { arrays: () => parameters });
}

const sequence = Int32Array.of(4, 7, 1, 19, 0, 3, 3, 12);
const changedAt = (position: number) =>
  sequence.map((token, i) => (i === position ? (token + 1) % 20 : token));
const batch = (...sequences: Int32Array[]): NdArray<Int32Array> => ({
  shape: [sequences.length, sequences[0].length],
  data: Int32Array.from(sequences.flatMap((tokens) => Array.from(tokens))),
});

async function logitsOf(
  network: ReturnType<typeof randomNetwork>,
  tokens: NdArray<Int32Array>,
): Promise<Float32Array[]> {
  const [B, L] = tokens.shape;
  const { data } = await network.logits(tokens, allRows(B * L));
  const V = network.config.vocabularySize;
  return Array.from({ length: B * L }, (_, row) => data.slice(row * V, (row + 1) * V));
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

test('bidirectional: a token matters to every position, before it and after it', async () => {
  const network = randomNetwork();
  const before = await logitsOf(network, batch(sequence));
  const after = await logitsOf(network, batch(changedAt(4)));
  for (const [i, logits] of before.entries()) assert.ok(distance(logits, after[i]) > 1e-3, `position ${i}`);
  await network.close();
});

test('causal: a token leaves the logits before it as they are, to the bit, and matters from its position on', async () => {
  const network = randomNetwork({ attention: causal });
  const before = await logitsOf(network, batch(sequence));
  const after = await logitsOf(network, batch(changedAt(4)));
  for (const [i, logits] of before.entries()) {
    if (i < 4) assert.equal(distance(logits, after[i]), 0, `position ${i}`);
    else assert.ok(distance(logits, after[i]) > 1e-3, `position ${i}`);
  }
  await network.close();
});

test('a row has the same logits alone and in a batch, and asked for alone or among others', async () => {
  const network = randomNetwork();
  const alone = await logitsOf(network, batch(sequence));
  const together = await logitsOf(network, batch(changedAt(0), sequence));
  for (const [i, logits] of alone.entries()) assert.ok(distance(logits, together[8 + i]) < 1e-5);
  const one = await network.logits(batch(sequence), Int32Array.of(5));
  assert.deepEqual(one.shape, [1, 20]);
  assert.ok(distance(one.data, alone[5]) < 1e-5);
  await network.close();
});

test('padding on either side, masked out, does not change the logits', async () => {
  const network = randomNetwork();
  const alone = await logitsOf(network, batch(sequence));
  for (const left of [0, 3]) {
    const padded = Int32Array.from({ length: 11 }, (_, i) => sequence[i - left] ?? 9);
    const keys = Array.from({ length: 11 }, (_, i) => (i >= left && i < left + 8 ? 1 : 0));
    const rows = Int32Array.from(sequence, (_, i) => i + left);
    const { data } = await network.logits(batch(padded), rows, { attentionMask: overQueries([keys]) });
    for (const [i, logits] of alone.entries())
      assert.ok(distance(logits, data.slice(20 * i, 20 * i + 20)) < 1e-4);
  }
  await network.close();
});

test('score is −log softmax of the logits at the target', async () => {
  const network = randomNetwork();
  const rows = Int32Array.of(1, 6);
  const targets = Int32Array.of(13, 0);
  const { data } = await network.logits(batch(sequence), rows);
  const nats = await network.score(batch(sequence), rows, targets);
  for (const r of rows.keys()) {
    const logits = data.slice(20 * r, 20 * r + 20);
    const expected = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[targets[r]];
    assert.ok(Math.abs(nats[r] - expected) < 1e-4);
  }
  await network.close();
});

test('tokens of the wrong shape are refused with both shapes', async () => {
  const network = randomNetwork();
  const positions = { shape: [1, 3], data: Int32Array.of(0, 1, 2) };
  await assert.rejects(
    network.logits(batch(sequence), Int32Array.of(0), { positions }),
    /positions: must have the shape \[B = 1, L = 8\], got \[1,3\]/,
  );
  await network.close();
});

test('with shifted logits a position is predicted by the output before it, and the first of each row by its own', async () => {
  const [plain, shifted] = [randomNetwork(), randomNetwork({ shiftedLogits: true })];
  const tokens = batch(sequence, changedAt(2));
  const [before, after] = [await logitsOf(plain, tokens), await logitsOf(shifted, tokens)];
  for (const row of before.keys())
    assert.deepEqual(after[row], before[row % 8 === 0 ? row : row - 1], `row ${row}`);
  await plain.close();
  await shifted.close();
});
