import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NdArray } from '../base/array.ts';
import { writeOnnx } from '../graph/onnx.ts';
import { scatterAdd, sigmoid, softmax, topK, zerosLike } from '../graph/primitives.ts';
import { input, parameter, type Tensor } from '../graph/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { type Mixture, mixtureOfExperts, type MixtureNames, mixtureShapes, route } from './mixture.ts';

const mixture: Mixture = {
  layers: [true],
  experts: 4,
  chosen: 2,
  hidden: 1,
  score: softmax,
  selectionBias: false,
  normalised: false,
  scale: 1,
};

async function run(
  result: Tensor,
  feeds: Record<string, NdArray<Float32Array>>,
): Promise<{ shape: readonly number[]; data: number[] }> {
  const session = await openSession(writeOnnx({ result }));
  const { shape, data } = (await session.run(feeds)).result;
  await session.close();
  return { shape, data: Array.from(data as ArrayLike<number | bigint>, Number) };
}

const routed = (changes: Partial<Mixture>, logits: number[], bias?: number[]) => {
  const E = logits.length;
  const changed = { ...mixture, experts: E, ...changes };
  const inputs = input('logits', 'float32', ['R', E]);
  const { index, weights } = route(inputs, changed, bias && input('bias', 'float32', [E]));
  // how much each expert gets
  return run(scatterAdd(zerosLike(inputs), index, weights, 1), {
    logits: { shape: [1, E], data: Float32Array.from(logits) },
    ...(bias && { bias: { shape: [E], data: Float32Array.from(bias) } }),
  });
};

function close(given: readonly number[], expected: readonly number[]): void {
  assert.equal(given.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(given[i] - value) < 1e-6, `${i}: ${given}`);
}

test('topK is where the largest are, largest first', async () => {
  const x = input('x', 'float32', ['N', 4]);
  const rows = { x: { shape: [2, 4], data: Float32Array.of(1, 9, 3, 7, -1, -2, -3, 0) } };
  assert.deepEqual(await run(topK(x, 2), rows), { shape: [2, 2], data: [1, 3, 3, 0] });
});

const logs = [0.1, 0.4, 0.2, 0.3].map(Math.log);

test('softmax scores of the chosen are the weights, as they are or divided by their sum and scaled', async () => {
  close((await routed({}, logs)).data, [0, 0.4, 0, 0.3]);
  close((await routed({ normalised: true, scale: 3.5 }, logs)).data, [0, 2, 0, 1.5]);
});

test('a bias changes the choice and not the weights', async () => {
  close((await routed({}, logs, [0.31, 0, 0, 0])).data, [0.1, 0.4, 0, 0]);
});

test('experts are chosen in the best groups, by the sum of the two best of each, also where all scores are negative', async () => {
  // the best expert is in the second group, the best two together in the first; sigmoid(0) = 1/2
  const logits = [1, 1, 3, -9, 0, 0];
  const groups = { count: 3, chosen: 1 };
  const best = 1 / (1 + Math.exp(-1));
  close((await routed({ score: sigmoid, groups }, logits)).data, [best, best, 0, 0, 0, 0]);
  const bias = logits.map(() => -5);
  close((await routed({ score: sigmoid, groups }, logits, bias)).data, [best, best, 0, 0, 0, 0]);
  // the third group is the second best: 1/2 + 1/2 against sigmoid(3) + sigmoid(−9)
  const two = { ...groups, chosen: 2 };
  close((await routed({ score: sigmoid, groups: two, chosen: 1 }, logits)).data, [best, 0, 0, 0, 0, 0]);
  const all = { ...groups, chosen: 3 };
  const third = 1 / (1 + Math.exp(-3));
  close((await routed({ score: sigmoid, groups: all, chosen: 1 }, logits)).data, [0, 0, third, 0, 0, 0]);
});

test('each row is the weighted sum of its experts and the shared one', async () => {
  const mlp = (name: string) => ({ gate: `${name} gate`, up: `${name} up`, down: `${name} down` });
  const names: MixtureNames = {
    router: 'router',
    selectionBias: 'bias',
    shared: mlp('shared'),
    expert: (e) => mlp(`${e}`),
  };
  const withShared = { ...mixture, sharedHidden: 1 };
  const shapes = new Map(mixtureShapes(withShared, names, 2));
  const x = input('x', 'float32', ['B', 'L', 2]);
  const weight = (name: string) => parameter(name, shapes.get(name)!);
  // every SwiGLU reads the first number and writes to the second: expert e times e + 1, the shared one times 10
  const feeds: Record<string, NdArray<Float32Array>> = {
    x: { shape: [1, 2, 2], data: Float32Array.of(1, 0, 2, 0) },
    router: { shape: [4, 2], data: Float32Array.from(logs.flatMap((log) => [log, 0])) },
  };
  for (const [name, shape] of shapes) {
    const factor = name.startsWith('shared') ? 10 : Number(name[0]) + 1;
    if (name.endsWith('gate') || name.endsWith('up')) feeds[name] = { shape, data: Float32Array.of(1, 0) };
    if (name.endsWith('down')) feeds[name] = { shape, data: Float32Array.of(0, factor) };
  }
  const { shape, data } = await run(mixtureOfExperts(x, x, withShared, names, { weight }), feeds);
  assert.deepEqual(shape, [1, 2, 2]);
  const inner = (v: number) => (v * v) / (1 + Math.exp(-v)); // silu(v) · v
  const squares = 0.01 + 0.16 + 0.04 + 0.09; // the softmax of twice the logarithms
  close(data, [
    0,
    inner(1) * (0.4 * 2 + 0.3 * 4 + 10),
    0,
    inner(2) * ((0.16 / squares) * 2 + (0.09 / squares) * 4 + 10),
  ]);
});
