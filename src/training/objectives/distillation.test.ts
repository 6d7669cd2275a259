import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearNoise } from '../../diffusion/noise-schedule.ts';
import { distillation, type DistillationOptions } from './distillation.ts';

const [L, V, maskId, block] = [12, 20, 19, 4];
const own = {
  shape: [3, L],
  data: Int32Array.from({ length: 3 * L }, (_, i) => i % 10),
  maskable: Uint8Array.from({ length: 3 * L }, (_, i) => (i % L < 10 ? 1 : 0)),
};
const real = { shape: [2, L], data: Int32Array.from({ length: 2 * L }, (_, i) => 10 + (i % 8)) };
const options: DistillationOptions = {
  seed: 4,
  schedule: linearNoise,
  maskId,
  block,
  certainty: 2,
  guard: 3,
  vocabularySize: V,
  // what was asked for can be read off the answer
  teacher: (_, rows) =>
    Promise.resolve({
      shape: [rows.length, V],
      data: Float32Array.from({ length: rows.length * V }, (_, i) => rows[Math.floor(i / V)]),
    }),
};
const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

test('a row of the model’s own text has a clean past, masks in one block, and nothing but masks behind it', async () => {
  const seen = new Set<string>();
  for (let step = 0; step < 40; step++) {
    const { tokens, rows, targets } = await distillation(options)(
      { own, real },
      { step, firstRow: 0, batchRows: 3 },
    );
    const B = tokens.shape[0] - 2;
    for (let b = 0; b < B; b++) {
      const row = tokens.data.subarray(b * L, (b + 1) * L);
      const scored = [...rows].filter((r) => Math.floor(r / L) === b).map((r) => r % L);
      const start = Math.floor(scored[0] / block) * block;
      const end = Math.min(start + block, 10);
      assert.ok(scored.length > 0 && scored.every((i) => i >= start && i < end && row[i] === maskId));
      assert.ok(row.subarray(0, start).every((token) => token < 10));
      assert.ok(row.subarray(end, 10).every((token) => token === maskId));
      seen.add(`${start} ${scored.length}`);
    }
    for (const [n, r] of rows.entries())
      if (r < B * L) assert.ok(targets[n] < 10);
      else assert.equal(targets[n], real.data[r - B * L]);
  }
  assert.ok(seen.has('0 4') && seen.has('4 1') && seen.has('8 2'), [...seen].join(', '));
});

test('what one row of a text masks in its block, the other shows', async () => {
  const one = { shape: [1, L], data: own.data.subarray(0, L) };
  const text = { shape: [1, L], data: real.data.subarray(0, L) };
  let pairs = 0;
  for (let step = 0; step < 20; step++) {
    const { tokens, rows } = await distillation(options)(
      { own: one, real: text },
      { step, firstRow: 0, batchRows: 1 },
    );
    const inOwn = [...rows].filter((r) => r < (tokens.shape[0] - 1) * L).map((r) => r % L);
    assert.equal(new Set(inOwn).size, block);
    assert.equal(inOwn.length, block);
    if (tokens.shape[0] === 3) pairs++;
  }
  assert.ok(pairs > 5 && pairs < 20, `${pairs} of 20`);
});

test('weights are means: own rows count 1 with certainty β times that, kept ones γ; micro-batches have their share', async () => {
  const whole = await distillation(options)({ own, real }, { step: 1, firstRow: 0, batchRows: 3 });
  const { certainty, kept, teacher } = whole.inputs!;
  assert.ok(Math.abs(sum(whole.weights) - 1) < 1e-6);
  assert.ok(Math.abs(sum(certainty.data) - 2) < 1e-6);
  assert.ok(Math.abs(sum(kept.data) - 3) < 1e-6);
  const half = await distillation(options)({ own, real }, { step: 1, firstRow: 0, batchRows: 6 });
  assert.ok(Math.abs(sum(half.weights) - 0.5) < 1e-6);
  const first = (whole.tokens.shape[0] - 2) * L;
  for (const [n, r] of whole.rows.entries()) {
    assert.equal(kept.data[n] > 0, r >= first);
    assert.equal(teacher.data[n * V], r >= first ? r - first : 0);
  }
});

test('without real text there is nothing to keep', async () => {
  const none = { shape: [0, L], data: new Int32Array(0) };
  const { tokens, inputs } = await distillation(options)(
    { own, real: none },
    { step: 0, firstRow: 0, batchRows: 3 },
  );
  assert.ok(tokens.shape[0] >= 3 && tokens.shape[0] <= 6);
  assert.ok(inputs!['kept'].data.every((value) => value === 0));
});
