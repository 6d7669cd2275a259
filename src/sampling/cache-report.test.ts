import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementOf, probing } from './cache-report.ts';
import { type MaskPredictor, wholeCanvas } from './predictor.ts';

/** Always the same probabilities, in the logits of any scale. */
const saying =
  (p: readonly number[], scale = 1): MaskPredictor =>
  (_, rows) =>
    Promise.resolve({
      shape: [rows.length, p.length],
      data: Float32Array.from({ length: rows.length * p.length }, (_, i) =>
        Math.log(scale * p[i % p.length]),
      ),
    });

const ask = (predict: MaskPredictor) => predict(new Int32Array(4), Int32Array.of(1, 3), wholeCanvas(4));

test('the divergence of a probed position is KL(uncached ‖ cached), by hand', async () => {
  const { predict, probed } = probing(saying([0.25, 0.75], 7), saying([0.5, 0.5]));
  assert.deepEqual(probed(), { meanKl: 0, probes: 0 });
  for (let n = 0; n < 6; n++) await ask(predict);
  const { meanKl, probes } = probed();
  assert.equal(probes, 2); // the second and the fifth
  assert.ok(Math.abs(meanKl - (0.5 * Math.log(2) + 0.5 * Math.log(2 / 3))) < 1e-6, `${meanKl}`);
});

test('predictions that are the same diverge by nothing, impossible tokens or not', async () => {
  const { predict, probed } = probing(saying([0, 0.3, 0.7], 3), saying([0, 0.3, 0.7]));
  await ask(predict);
  await ask(predict);
  assert.ok(Math.abs(probed().meanKl) < 1e-6);
  const impossible = probing(saying([0, 1]), saying([0.5, 0.5]));
  await ask(impossible.predict);
  await ask(impossible.predict);
  assert.equal(impossible.probed().meanKl, Infinity);
});

test('what is answered is the cached prediction, and the other is asked at every third call', async () => {
  let asked = 0;
  const { predict } = probing(saying([0.25, 0.75]), (...all) => {
    asked += 1;
    return saying([0.5, 0.5])(...all);
  });
  for (let n = 1; n <= 8; n++) {
    const { data } = await ask(predict);
    assert.ok(Math.abs(data[0] - Math.log(0.25)) < 1e-6);
    assert.equal(asked, Math.ceil((n - 1) / 3));
  }
});

test('agreement is the share of the wanted positions that hold the same', () => {
  assert.equal(agreementOf(Int32Array.of(1, 2, 3, 4, 5), Int32Array.of(9, 2, 3, 0, 5), [1, 2, 3, 4]), 0.75);
});
