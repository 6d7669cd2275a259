import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPenalties } from './penalties.ts';
import { wholeCanvas } from './predictor.ts';
import { sample } from './sample.ts';
import { leftToRight, unmasking } from './strategies.ts';

const maskId = 9;
const none = { frequencyPenalty: 0, presencePenalty: 0, repetitionPenalty: 1 };
const flat = async (_: Int32Array, rows: Int32Array) => ({
  shape: [rows.length, 4],
  data: new Float32Array(rows.length * 4).fill(1),
});

test('by hand: written tokens are less likely by how often and by whether they stand, given ones are not', async () => {
  const canvas = Int32Array.of(2, maskId, maskId, maskId, maskId, maskId);
  const predict = withPenalties(
    flat,
    { ...none, frequencyPenalty: 0.5, presencePenalty: 2 },
    { canvas, maskId },
  );
  const xt = Int32Array.of(2, 1, maskId, 1, 0, maskId);
  const { data } = await predict(xt, Int32Array.of(2, 5), wholeCanvas(6));
  assert.deepEqual([...data], [-1.5, -2, 1, 1, -1.5, -2, 1, 1]);
  // a position that is looked at again doesn't count itself
  const again = await predict(xt, Int32Array.of(1, 4), wholeCanvas(6));
  assert.deepEqual([...again.data], [-1.5, -1.5, 1, 1, 1, -2, 1, 1]);
});

test('what was given counts for nothing, wherever masks that were inserted move it', async () => {
  const canvas = Int32Array.of(maskId, 2, 2);
  const predict = withPenalties(flat, { ...none, frequencyPenalty: 1 }, { canvas, maskId });
  const { data } = await predict(Int32Array.of(2, maskId, 2, 2), Int32Array.of(1), wholeCanvas(4));
  assert.deepEqual([...data], [1, 1, 0, 1]);
});

test('penalties of 0 leave the predictor as it is', () => {
  assert.equal(withPenalties(flat, none, { canvas: Int32Array.of(maskId), maskId }), flat);
});

test('by hand: repetition divides what stands anywhere, a bias is added, end tokens never count', async () => {
  const canvas = Int32Array.of(0, maskId, maskId, maskId);
  const xt = Int32Array.of(0, 1, 3, maskId);
  const row = async () => ({ shape: [1, 4], data: Float32Array.of(2, -1, 1, 1) });
  const at = async (penalties: object): Promise<number[]> => {
    const predict = withPenalties(row, { ...none, ...penalties }, { canvas, maskId, exempt: [3] });
    return [...(await predict(xt, Int32Array.of(3), wholeCanvas(4))).data];
  };
  assert.deepEqual(await at({ repetitionPenalty: 2 }), [1, -2, 1, 1]);
  assert.deepEqual(await at({ logitBias: { 2: 3, 77: 1 } }), [2, -1, 4, 1]);
  assert.deepEqual(await at({ presencePenalty: 1, frequencyPenalty: 1 }), [2, -3, 1, 1]);
});

test('tokens of one step do not count for each other, those of the steps before do', async () => {
  const falling = async (_: Int32Array, rows: Int32Array) => ({
    shape: [rows.length, 10],
    data: Float32Array.from(Array.from(rows, () => [2, 1.5, 1, 0, 0, 0, 0, 0, 0, 0]).flat()),
  });
  const canvas = Int32Array.of(maskId, maskId, maskId);
  const predict = withPenalties(falling, { ...none, presencePenalty: 1 }, { canvas, maskId });
  const textIn = async (steps: number): Promise<number[]> => {
    let text: number[] = [];
    for await (const { tokens } of sample(predict, canvas, {
      maskId,
      steps,
      strategy: unmasking(leftToRight),
    }))
      text = [...tokens];
    return text;
  };
  assert.deepEqual(
    [await textIn(1), await textIn(3)],
    [
      [0, 0, 0],
      [0, 1, 0],
    ],
  );
});
