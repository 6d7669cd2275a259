import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../base/errors.ts';
import { freshParameters } from './fresh-network.ts';
import { requireTrainingMemory, sizesIn, trainingMemory } from './training-memory.ts';
import { resolveOptions } from './run/resolve-options.ts';

const MiB = 2 ** 20;
const sized = (sizes: object) => {
  const all = { layers: 4, width: 128, heads: 4, hidden: 344, vocabularySize: 1024, ...sizes };
  return { ...all, parameters: freshParameters(all) };
};
const nano = sized({});
const asked = {
  batch: 32,
  length: 64,
  objective: 'masked-diffusion',
  complementary: false,
  learn: 'text',
} as const;

test('the parameters of a network that is not there yet are those of its tensors, by hand', () => {
  const [embeddings, norms] = [2 * 1024 * 128, 128 * (2 * 4 + 1)];
  const matrices = 4 * (4 * 128 ** 2 + 3 * 128 * 344);
  assert.equal(nano.parameters, embeddings + norms + matrices);
  const grouped = { ...nano, kvHeads: 2, tied: true };
  assert.equal(freshParameters(grouped), embeddings / 2 + norms + matrices - 4 * 128 ** 2);
  assert.equal(
    freshParameters({ ...nano, vocabularySize: 0 }, ({ length }) => length > 1),
    matrices,
  );
});

test('what training takes grows as it was measured: 1,081 MiB for 256 windows of 64 tokens, 251 MiB for 32, of which 90 are the program', () => {
  for (const [batch, measured] of [
    [256, 1081],
    [32, 251],
  ]) {
    const { parameters, activations } = trainingMemory(nano, { ...asked, batch });
    const estimated = (parameters + activations) / MiB + 90;
    assert.ok(estimated <= measured && estimated > 0.8 * measured, `${batch}: ${estimated}`);
  }
});

test('what does not fit into memory is refused in one sentence that names what is too large', () => {
  const free = 8 * 1024 * MiB;
  const refused = (sizes: object, more: object, message: RegExp): void =>
    assert.throws(
      () => requireTrainingMemory({ ...asked, ...more }, sized(sizes), free),
      (error: unknown) => error instanceof InvalidOptionError && message.test(error.message),
      `${message}`,
    );
  requireTrainingMemory(asked, nano, free);
  refused(
    { layers: 1e9, width: 1e9 },
    {},
    /^layers: must be smaller: the .* take about .* EB of memory, and 8\.6 GB are free/,
  );
  refused(
    {},
    { batch: 1e9 },
    /^batch: .*1,000,000,000 windows of 64 tokens take about \d+\.\d PB .*--accumulate/,
  );
  refused({}, { length: 2 ** 20 }, /^batch: .*windows of 1,048,576 tokens/);
  refused({}, { loraRank: 1e9 }, /^loraRank: .*with an adapter of rank 1,000,000,000/);
});

test('every size of the dial has an estimate; that of a model that is loaded is made when it is known', () => {
  for (const size of ['nano', 'tiny', 'small', 'base', 'medium', 'large'] as const) {
    const options = resolveOptions({ data: ['a'], size });
    const { parameters, activations } = trainingMemory(sizesIn(options)!, options);
    assert.ok(parameters > 0 && activations > 0, size);
  }
  assert.equal(sizesIn(resolveOptions({ data: ['a'], from: 'model' })), undefined);
});
