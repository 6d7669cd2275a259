import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { llada } from '../model/families/llada.ts';
import { initialParameters } from '../model/initialise.ts';
import { openNetwork } from '../model/network.ts';
import { withSpeculation } from '../sampling/speculation.ts';
import { load } from './load.ts';
import { branchingNetwork, causalBlocks, predictorOf } from './network-predictor.ts';

for (const shiftedLogits of [false, true])
  test(`a canvas that was computed ahead is predicted as by itself, logits ${shiftedLogits ? '' : 'not '}shifted`, async (t) => {
    const [N, maskId, L] = [3, 10, 12];
    const config = { ...smallNetwork, layers: 2, shiftedLogits, maxLength: 300 };
    const parameters = initialParameters(config, llada.names, 3);
    for (const { data, shape } of parameters.values())
      if (shape.length === 2) for (let i = 0; i < data.length; i++) data[i] *= 4;
    const network = openNetwork(config, llada.names, { arrays: () => parameters });
    t.after(() => network.close());
    const how = { blockOf: causalBlocks(N) };
    const alone = predictorOf(network, how);
    const { predict, forwards } = withSpeculation(branchingNetwork(network, how), {
      blockLength: N,
      maskId,
      ahead: 40, // of nine tokens and three masks: all that one mask, and most that two, may become
      longest: L,
    });
    const canvas = new Int32Array(L).fill(maskId);
    canvas.set([1, 2, 3, 4]);
    let asked = 0;
    for (let i = 4; i < L; i++) {
      const start = i - (i % N);
      const rows = Int32Array.from({ length: start + N - i }, (_, n) => i + n);
      const context = { block: { index: start / N, start, end: start + N }, t: 1 };
      const [ours, theirs] = [await predict(canvas, rows, context), await alone(canvas, rows, context)];
      assert.deepEqual(ours.shape, theirs.shape);
      for (const [cell, logit] of theirs.data.entries())
        assert.ok(
          Math.abs(ours.data[cell] - logit) < 1e-3,
          `position ${i}, cell ${cell}: ${ours.data[cell]}, not ${logit}`,
        );
      canvas[i] = (i * 7) % 9;
      asked += 1;
    }
    assert.ok(forwards() < asked, `${forwards()} of ${asked}`);
  });

test('speculation saves forwards and changes no text; what it has nothing to go by is refused', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory, { generationConfig: {} });
  const model = await load(directory);
  t.after(() => model.close());
  const asked = {
    prompt: 'abc',
    length: 30,
    blockCausal: true,
    blockLength: 4,
    strategy: 'left-to-right',
    endless: true,
  } as const;
  for (const temperature of [0, 0.5])
    for (const grow of [false, true]) {
      const plain = await model.generate({ ...asked, temperature, grow, seed: 3 });
      const ahead = await model.generate({ ...asked, temperature, grow, seed: 3, speculate: 8 });
      assert.equal(ahead.text, plain.text);
      assert.equal(plain.stats.forwards, plain.stats.tokens);
      assert.ok(
        ahead.stats.forwards < (temperature === 0 ? 0.7 : 1) * plain.stats.forwards,
        `${ahead.stats.forwards}`,
      );
    }
  // as long as the model allows: nothing is computed ahead of that
  const whole = { ...asked, length: undefined, grow: true, stopRepeating: false, temperature: 0, seed: 3 };
  const longest = await model.generate(whole);
  assert.equal(longest.tokens.length, model.config.maxLength);
  assert.equal((await model.generate({ ...whole, speculate: 8 })).text, longest.text);
  // guidance asks of a second canvas, whose prompt is masked
  const guided = { ...asked, guidance: 1, temperature: 0, seed: 3 };
  const [once, both] = [await model.generate(guided), await model.generate({ ...guided, speculate: 8 })];
  assert.equal(both.text, once.text);
  assert.ok(both.stats.forwards < 0.9 * once.stats.forwards, `${both.stats.forwards}`);
  const refused = async (request: Parameters<typeof model.generate>[0], problem: RegExp) =>
    assert.rejects(model.generate({ ...asked, speculate: 4, ...request }), problem);
  await refused({ blockCausal: false }, /speculate: is for a model that was trained in blocks/);
  await refused({ strategy: 'low-confidence' }, /strategy: must be left-to-right for speculate, got/);
  await refused({ steps: 10 }, /steps: cannot be beside speculate, which takes one token a step, got 10/);
  await refused({ cache: 'none' }, /cache: must be exact for speculate, got/);
});
