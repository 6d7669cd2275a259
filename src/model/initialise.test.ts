import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bidirectional } from './attention-pattern.ts';
import { llada } from './families/llada.ts';
import { initialParameters } from './initialise.ts';

const config = {
  layers: 8,
  width: 32,
  heads: 4,
  kvHeads: 2,
  hidden: 88,
  vocabularySize: 300,
  maxLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  qkvBias: true,
  tiedHead: false,
  attention: bidirectional,
};

function statistics(data: Float32Array): { mean: number; deviation: number } {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, deviation: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) };
}

test('matrices start normal with deviation 0.02, those that write to the residual stream with 0.02 / √16', () => {
  const parameters = initialParameters(config, llada.names, 1);
  const { mean, deviation } = statistics(parameters.get(llada.names.embedding)!.data);
  assert.ok(Math.abs(mean) < 1e-3 && Math.abs(deviation - 0.02) < 6e-4);
  for (const name of [llada.names.layer(3).output, llada.names.layer(3).down]) {
    assert.ok(Math.abs(statistics(parameters.get(name)!.data).deviation - 0.005) < 3e-4);
  }
});

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
  assert.notEqual(one.get(query)!.data[0] * 0.25, one.get(output)!.data[0]);
  assert.notDeepEqual(one.get(query), one.get(llada.names.layer(1).query));
});
