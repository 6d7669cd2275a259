import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniforms } from '../base/random.ts';
import { forwardProcess, lossWeight, maskProbability } from './forward.ts';
import { cosineNoise, linearNoise, logLinear, polynomial, noiseSchedules } from './noise-schedule.ts';

const maskId = 99;
const x0 = Int32Array.of(10, 11, 12, 13);

/** The mean of a function over (0, 1), by the midpoint rule. */
function meanOver(f: (t: number) => number, points = 20_000): number {
  let sum = 0;
  for (let i = 0; i < points; i++) sum += f((i + 0.5) / points);
  return sum / points;
}

test('by hand: at t = 1/2 the tokens whose uniform is below 0.5005 are masked', () => {
  const u = [0.5, 0.51, 0.5004, 0.5006];
  const { xt, rows, maskProbability } = forwardProcess(x0, 0.5, {
    schedule: linearNoise,
    maskId,
    noise: (i) => u[i],
  });
  assert.deepEqual([...xt], [maskId, 11, maskId, 13]);
  assert.deepEqual([...rows], [0, 2]);
  assert.equal(maskProbability, 0.5005);
  assert.deepEqual([...x0], [10, 11, 12, 13]);
});

test('the linear schedule with LLaDA’s floor: p(0) = 0.001, p(1/2) = 0.5005, p(1) = 1', () => {
  assert.equal(maskProbability(0, { schedule: linearNoise }), 1e-3);
  assert.equal(maskProbability(0.5, { schedule: linearNoise }), 0.5005);
  assert.equal(maskProbability(1, { schedule: linearNoise }), 1);
});

test('t = 1 masks every token, and t = 0 without a floor none', () => {
  const noise = uniforms(0, 'mask');
  const long = new Int32Array(1000).fill(7);
  for (const schedule of [linearNoise, cosineNoise, polynomial(2), polynomial(0.5)]) {
    assert.ok(forwardProcess(long, 1, { schedule, maskId, noise }).xt.every((token) => token === maskId));
    assert.equal(forwardProcess(long, 0, { schedule, eps: 0, maskId, noise }).rows.length, 0);
  }
});

test('the share of masked tokens is p(t) = (1 − ε)(1 − α(t)) + ε', () => {
  const L = 40_000;
  const long = new Int32Array(L).fill(7);
  for (const [sample, schedule] of Object.values(noiseSchedules).entries()) {
    for (const t of [0.1, 0.5, 0.9]) {
      const noising = { schedule, eps: 0.05 };
      const p = 0.95 * (1 - schedule.alpha(t)) + 0.05;
      const { rows, maskProbability } = forwardProcess(long, t, {
        ...noising,
        maskId,
        noise: uniforms(1, 'mask', 0, sample),
      });
      assert.ok(Math.abs(maskProbability - p) < 1e-15);
      assert.ok(Math.abs(rows.length / L - p) < 4 * Math.sqrt((p * (1 - p)) / L), `${rows.length / L}, ${p}`);
    }
  }
});

test('a prompt is never masked, and the places masked beside it are the same as without it', () => {
  const L = 100;
  const long = Int32Array.from({ length: L }, (_, i) => i);
  const maskable = Uint8Array.from({ length: L }, (_, i) => Number(i >= 30));
  const options = { schedule: linearNoise, maskId: 1000, noise: uniforms(5, 'mask') };
  const whole = forwardProcess(long, 0.6, options);
  const kept = forwardProcess(long, 0.6, { ...options, maskable });
  assert.ok(kept.rows.length > 20 && kept.rows[0] >= 30);
  assert.deepEqual(
    kept.rows,
    whole.rows.filter((i) => i >= 30),
  );
  assert.deepEqual(kept.xt.subarray(30), whole.xt.subarray(30));
  assert.deepEqual(kept.xt.subarray(0, 30), long.subarray(0, 30));
});

test('one uniform is looked up for each position, prompt or not', () => {
  const asked: number[] = [];
  const noise = (i: number): number => {
    asked.push(i);
    return 0.5;
  };
  forwardProcess(x0, 0.3, { schedule: linearNoise, maskId, noise, maskable: Uint8Array.of(0, 1, 0, 1) });
  assert.deepEqual(asked, [0, 1, 2, 3]);
});

test('on average L (1 + ε) / 2 tokens are masked', () => {
  const noising = { schedule: linearNoise };
  assert.ok(Math.abs(meanOver((t) => maskProbability(t, noising)) - (1 + 1e-3) / 2) < 1e-12);
  const L = 20;
  let masked = 0;
  const n = 20_000;
  for (let sample = 0; sample < n; sample++) {
    const t = uniforms(3, 'time', 0, sample)(0);
    const noise = uniforms(3, 'mask', 0, sample);
    masked += forwardProcess(new Int32Array(L), t, { ...noising, maskId, noise }).rows.length;
  }
  // the number of masked tokens is nearly uniform on 0 … L
  assert.ok(Math.abs(masked / n - (L * 1.001) / 2) < 4 * Math.sqrt((L + 1) ** 2 / 12 / n), `${masked / n}`);
});

test('no token at all is masked with probability (1 − ε)^L / (L + 1)', () => {
  const published = { 16: 0.0579, 64: 0.0144, 256: 0.003, 1024: 3.5e-4, 4096: 4.1e-6 };
  for (const [length, rounded] of Object.entries(published)) {
    const L = Number(length);
    const closed = (1 - 1e-3) ** L / (L + 1);
    const integral = meanOver((t) => (1 - maskProbability(t, { schedule: linearNoise })) ** L, 100_000);
    assert.ok(Math.abs(integral / closed - 1) < 1e-4, `L = ${L}: ${integral}, ${closed}`);
    assert.ok(Math.abs(closed / rounded - 1) < 0.02, `L = ${L}: ${closed}`);
  }
  const n = 20_000;
  let empty = 0;
  for (let sample = 0; sample < n; sample++) {
    const t = uniforms(4, 'time', 0, sample)(0);
    const noise = uniforms(4, 'mask', 0, sample);
    if (forwardProcess(new Int32Array(16), t, { schedule: linearNoise, maskId, noise }).rows.length === 0)
      empty++;
  }
  const closed = (1 - 1e-3) ** 16 / 17;
  assert.ok(Math.abs(empty / n - closed) < 4 * Math.sqrt(closed / n), `${empty / n}, ${closed}`);
});

test('the loss weight is 1/p for the linear schedule, and the weight of the paper without a floor', () => {
  for (const t of [1e-3, 0.2, 0.7, 1]) {
    const inverse = 1 / maskProbability(t, { schedule: linearNoise });
    assert.ok(Math.abs(lossWeight(t, { schedule: linearNoise }) - inverse) < 1e-15 * inverse);
    for (const schedule of Object.values(noiseSchedules)) {
      const weight = lossWeight(t, { schedule, eps: 0 });
      assert.ok(Math.abs(weight - schedule.weight(t)) < 1e-14 * weight, `${weight}, ${schedule.weight(t)}`);
    }
  }
});

test('if every cross-entropy is c the expected loss is c, whatever the schedule and the floor', () => {
  for (const schedule of [linearNoise, cosineNoise, polynomial(2), polynomial(3), logLinear(0)]) {
    for (const eps of [0, 1e-3, 0.1]) {
      const mean = meanOver((t) => lossWeight(t, { schedule, eps }) * maskProbability(t, { schedule, eps }));
      assert.ok(Math.abs(mean - 1) < 1e-8, `${mean}`);
    }
  }
});

test('if every cross-entropy is c the 1/p form scatters by √((−ln ε − (1 − ε)) / ((1 − ε) L))', () => {
  const published = { 16: 0.608, 64: 0.304, 256: 0.152 };
  for (const [length, rounded] of Object.entries(published)) {
    const L = Number(length);
    const closed = Math.sqrt((-Math.log(1e-3) - (1 - 1e-3)) / ((1 - 1e-3) * L));
    assert.ok(Math.abs(closed - rounded) < 5e-4, `${closed}`);
    const n = 400_000 / L;
    let squares = 0;
    for (let sample = 0; sample < n; sample++) {
      const t = (sample + 0.5) / n; // the times are stratified, or the rare small ones would drown the check
      const noise = uniforms(6, 'mask', L, sample);
      const { rows } = forwardProcess(new Int32Array(L), t, { schedule: linearNoise, maskId, noise });
      squares += ((rows.length * lossWeight(t, { schedule: linearNoise })) / L - 1) ** 2;
    }
    assert.ok(Math.abs(Math.sqrt(squares / n) / closed - 1) < 0.1, `${Math.sqrt(squares / n)}, ${closed}`);
  }
});
