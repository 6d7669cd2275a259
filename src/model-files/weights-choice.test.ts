import assert from 'node:assert/strict';
import { test } from 'node:test';
import { referencePath } from '../../test/reference.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { openModel } from '../model/open.ts';
import { samplingMemory } from '../model/sampling-memory.ts';
import { shippedModel } from './locate.ts';
import { openModelWithTokenizer } from './open-model.ts';
import { chooseWeights, weightedModel, weightsMemory } from './weights-choice.ts';

const model = weightedModel(await openModel(shippedModel));
const memory = weightsMemory(model);
const text = samplingMemory(model.config).bytes;

test('weights are kept as they are stored where they fit, else in the largest format that does, and it says why', () => {
  const within = (bytes: number) => chooseWeights(model, 'auto', bytes + text);
  const { format, bytes, reason } = within(memory.f32!);
  assert.deepEqual([format, bytes, reason], ['f32', memory.f32, undefined]);
  for (const small of ['f16', 'int8', 'int4'] as const) {
    assert.equal(within(memory[small]!).format, small);
    assert.equal(within(memory[small]! + 1).bytes, memory[small]);
  }
  assert.match(
    within(memory.int8!).reason!,
    /^the weights are kept as int8, in .* MB: as f32 they need .* MB, and/,
  );
});

test('what fits in no format, or not in the one that is asked, is refused before anything is opened', async () => {
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof InvalidOptionError && pattern.test(error.message);
  assert.throws(
    () => chooseWeights(model, 'auto', memory.int4! + text - 1),
    refused(
      /^weights: must be smaller: the weights as int4 and a text take about .* there is no smaller form/,
    ),
  );
  await assert.rejects(
    openModelWithTokenizer(shippedModel, { weights: 'f16', memoryBytes: memory.f16! }),
    refused(/the weights as f16 and a text take about .*; choose one with fewer bits, or auto/),
  );
  await assert.rejects(openModelWithTokenizer(shippedModel, { memoryBytes: 1 }), refused(/must be smaller/));
});

test('the experts of a mixture count by all of them', async () => {
  const mixture = weightedModel(await openModel(referencePath('llada_moe')));
  const { experts, hidden, layers } = mixture.config.mixture!;
  const { width } = mixture.config;
  const inExperts = 4 * layers.filter(Boolean).length * experts * 3 * hidden * width;
  assert.ok(weightsMemory(mixture).f32! > inExperts);
  assert.ok(weightsMemory(mixture).f32! < 3 * inExperts);
});
