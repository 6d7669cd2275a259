import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReference } from '../../test/reference.ts';
import { smallNetwork } from '../../test/small-network.ts';
import type { NdArray } from '../base/array.ts';
import { llada } from '../model/families/llada.ts';
import { initialParameters } from '../model/initialise.ts';
import { openSession } from '../runtime/session.ts';
import { isMatrix } from './adamw.ts';
import { openLearner } from './graph-learner.ts';
import { Muon, orthogonalModel } from './muon.ts';

const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, threads: 1 };

async function orthogonal(matrices: readonly (readonly (readonly number[])[])[]): Promise<number[][][]> {
  const [count, rows, columns] = [matrices.length, matrices[0].length, matrices[0][0].length];
  const session = await openSession(orthogonalModel(count, [rows, columns]), { threads: 1 });
  const data = Float32Array.from(matrices.flat(2));
  const result = await session.run({ directions: { shape: [count, rows, columns], data } });
  await session.close();
  const flat = Array.from(result.orthogonal.data as Float32Array);
  return matrices.map((matrix, k) =>
    matrix.map((_, i) => flat.slice((k * rows + i) * columns, (k * rows + i + 1) * columns)),
  );
}

const rotated = (angle: number, [x, y]: readonly number[]) => [
  Math.cos(angle) * x - Math.sin(angle) * y,
  Math.sin(angle) * x + Math.cos(angle) * y,
];

test('singular values come near 1, whatever they were, and their directions stay', async () => {
  // U diag(3, 0.02) Vᵀ with U a turn by 0.4 and V one by 1.1, wide and tall, beside another matrix
  const u = [rotated(0.4, [1, 0]), rotated(0.4, [0, 1])];
  const v = [rotated(1.1, [1, 0]), rotated(1.1, [0, 1])];
  const made = (values: readonly number[]) =>
    [0, 1].map((i) => [
      ...[0, 1].map((j) => values.reduce((sum, s, k) => sum + s * u[k][i] * v[k][j], 0)),
      0,
    ]);
  const flip = (matrix: readonly (readonly number[])[]) =>
    matrix[0].map((_, j) => matrix.map((row) => row[j]));
  const wide = (await orthogonal([made([3, 0.02]), made([1, 1])]))[0];
  const tall = (await orthogonal([flip(made([3, 0.02]))]))[0];
  const along = (k: number, l: number) =>
    [0, 1].reduce(
      (sum, i) => sum + [0, 1].reduce((inner, j) => inner + u[k][i] * wide[i][j] * v[l][j], 0),
      0,
    );
  for (const k of [0, 1]) assert.ok(along(k, k) > 0.6 && along(k, k) < 1.25, String(along(k, k)));
  for (const [k, l] of [
    [0, 1],
    [1, 0],
  ])
    assert.ok(Math.abs(along(k, l)) < 1e-4, String(along(k, l)));
  for (const i of [0, 1]) for (const j of [0, 1, 2]) assert.ok(Math.abs(wide[i][j] - tall[j][i]) < 1e-5);
});

test('three steps equal those of PyTorch', async () => {
  const { cases } = readReference<{
    cases: { shape: number[]; theta: number[]; gradients: number[][]; after: number[] }[];
  }>('muon');
  const shapes = new Map(cases.map(({ shape }, k) => [`w${k}`, shape]));
  const optimizer = new Muon(shapes, () => true, { ...adamW, decays: isMatrix });
  const arraysOf = (values: readonly (readonly number[])[]) =>
    new Map<string, NdArray>(
      [...shapes].map(([name, shape], k) => [name, { shape, data: Float32Array.from(values[k]) }]),
    );
  const theta = arraysOf(cases.map((one) => one.theta));
  for (const k of cases[0].gradients.keys())
    await optimizer.step(theta, arraysOf(cases.map(({ gradients }) => gradients[k])), {
      step: k + 1,
      learningRate: 0.02,
      gradientScale: 1,
    });
  for (const [k, { after }] of cases.entries())
    for (const [i, value] of theta.get(`w${k}`)!.data.entries())
      assert.ok(Math.abs(value - after[i]) < 1e-5, `${value}, not ${after[i]}`);
  await optimizer.close();
});

const config = { ...smallNetwork, layers: 2, tiedHead: false };

const rows = Int32Array.of(0, 2, 3, 7);
const batch = {
  tokens: { shape: [1, 8], data: Int32Array.of(10, 4, 10, 10, 1, 2, 3, 10) },
  rows,
  targets: rows.map((row) => row + 1),
  weights: Float32Array.of(0.25, 0.25, 0.25, 0.25),
};

const open = (optimizer: 'adamw' | 'muon') =>
  openLearner(config, llada.names, initialParameters(config, llada.names, 5), { ...adamW, optimizer });

test('the matrices of layers take steps as long as 0.2 of the rate, all else those of AdamW', async () => {
  const [muon, adam] = [await open('muon'), await open('adamw')];
  const before = new Map([...muon.parameters()].map(([name, { data }]) => [name, data.slice()]));
  for (const learner of [muon, adam]) {
    await learner.accumulate(batch);
    await learner.update(1e-2);
  }
  const layers = new Set([0, 1].flatMap((i) => Object.values(llada.names.layer(i))));
  for (const [name, { shape, data }] of muon.parameters()) {
    if (shape.length === 2 && layers.has(name)) {
      const was = before.get(name)!;
      const squares = data.reduce((sum, value, i) => sum + (value - was[i] * (1 - 1e-3)) ** 2, 0);
      const size = Math.sqrt(squares / data.length) / 1e-2;
      assert.ok(size > 0.08 && size < 0.26, `${name}: ${size}`);
    } else assert.deepEqual(data, adam.parameters().get(name)!.data, name);
  }
  await muon.close();
  await adam.close();
});
