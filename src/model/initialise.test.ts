import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import { llada } from './families/llada.ts';
import { gpt2, initialParameters, mitchell } from './initialise.ts';

const config = {
  ...smallNetwork,
  layers: 8,
  width: 32,
  heads: 4,
  hidden: 88,
  vocabularySize: 300,
  maxLength: 16,
  tiedHead: false,
};

function statistics(data: Float32Array): { mean: number; deviation: number } {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, deviation: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) };
}

const scales = [
  {
    name: 'mitchell',
    initialisation: mitchell,
    plain: 1 / Math.sqrt(config.width),
    output: 1 / Math.sqrt(8 * config.width),
  },
  { name: 'gpt2', initialisation: gpt2, plain: 0.02, output: 0.02 / Math.sqrt(2 * config.layers) },
];
for (const { name, initialisation, plain, output } of scales) {
  test(`${name}: the embedding starts normal with deviation ${plain}, the fourth layer's output with ${output}`, () => {
    const parameters = initialParameters(config, llada.names, 1, initialisation);
    const of = (tensor: string) => statistics(parameters.get(tensor)!.data);
    assert.ok(Math.abs(of(llada.names.embedding).mean) < 0.05 * plain);
    assert.ok(Math.abs(of(llada.names.embedding).deviation / plain - 1) < 0.05);
    assert.ok(Math.abs(of(llada.names.layer(3).output).deviation / output - 1) < 0.05);
  });
}

test('gains start at 1 and biases at 0', () => {
  const parameters = initialParameters(config, llada.names, 1);
  assert.ok(parameters.get(llada.names.finalNorm)!.data.every((value) => value === 1));
  assert.ok(parameters.get(llada.names.layer(0).queryBias)!.data.every((value) => value === 0));
});

test('the same seed gives the same parameters, another seed others, and no two tensors are alike', () => {
  const [one, again, other] = [1, 1, 2].map((seed) => initialParameters(config, llada.names, seed));
  const { query, output } = llada.names.layer(0);
  assert.deepEqual(one.get(query), again.get(query));
  assert.notDeepEqual(one.get(query), other.get(query));
  assert.notEqual(one.get(query)!.data[0] / Math.SQRT2, one.get(output)!.data[0]);
  assert.notDeepEqual(one.get(query), one.get(llada.names.layer(1).query));
});
