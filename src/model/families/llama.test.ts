import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import { parameterShapes } from '../config.ts';
import { frequencies } from '../rotary.ts';
import { llama3Scaling } from './rope-scaling.ts';
import { a2dLlama, a2dQwen3, dreamFamily, llama, qwen2, qwen3, sdar } from './llama.ts';

const json = {
  hidden_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  intermediate_size: 72,
  vocab_size: 100,
};

test('what a config lacks is what the code of its architecture takes', () => {
  const [a, b, c] = [llama, qwen2, qwen3].map((family) => family.read(json, 'config.json').transformer);
  assert.deepEqual([a.maxLength, b.maxLength, c.maxLength], [2048, 32_768, 32_768]);
  assert.deepEqual([a.headWidth, b.headWidth, c.headWidth], [8, 8, 128]);
  assert.deepEqual([a.qkvBias, b.qkvBias, c.qkvBias], [false, true, false]);
  assert.deepEqual([a.qkNorm, b.qkNorm, c.qkNorm], [false, false, true]);
  assert.deepEqual([a.ropeTheta, a.normEpsilon, a.tiedHead, a.ropeScaling], [10_000, 1e-6, false, undefined]);
});

test('SDAR is Qwen3 that looks both ways, in blocks of 4 or of as many as its config says', () => {
  const read = sdar.read(json, 'config.json');
  assert.deepEqual(read.transformer, a2dQwen3.read(json, 'config.json').transformer);
  assert.equal(read.blockLength, 4);
  assert.equal(sdar.read({ ...json, block_size: 16 }, 'config.json').blockLength, 16);
  assert.equal(a2dQwen3.read(json, 'config.json').blockLength, undefined);
});

test('heads may be wider together than the residual stream', () => {
  const { transformer } = qwen3.read({ ...json, head_dim: 16 }, 'config.json');
  const shapes = parameterShapes(transformer, qwen3.names);
  const of = (name: string) => shapes.get(`model.layers.1.self_attn.${name}.weight`);
  assert.deepEqual(
    [of('q_proj'), of('k_proj'), of('o_proj')],
    [
      [96, 48],
      [32, 48],
      [48, 96],
    ],
  );
  assert.deepEqual([of('q_norm'), of('k_norm')], [[16], [16]]);
});

test('the mask token is read', () => {
  assert.equal(dreamFamily.read({ ...json, eos_token_id: 0, mask_token_id: 5 }, 'config.json').maskId, 5);
});

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

test('the rotary options read the same from their old keys and from those of transformers 5', () => {
  const old = llama.read({ ...json, rope_theta: 500, rope_scaling: llama3 }, 'config.json');
  const later = llama.read({ ...json, rope_parameters: { ...llama3, rope_theta: 500 } }, 'config.json');
  assert.deepEqual(later, old);
  assert.equal(old.transformer.ropeTheta, 500);
  assert.deepEqual(
    old.transformer.ropeScaling,
    llama3Scaling(scaling, { ropeTheta: 500, headWidth: old.transformer.headWidth!, maxLength: 64 }),
  );
});

const scaling = { factor: 8, slowTurns: 1, fastTurns: 4, originalLength: 64 };

test('llama3 scaling slows a frequency by the factor below its slow turns, leaves it above its fast ones, and blends between', () => {
  const rotary = { maxLength: 1, ropeTheta: 10_000 };
  const plain = frequencies(8, rotary); // 1, 0.1, 0.01, 0.001: 10.2, 1.02, 0.1 and 0.01 turns in 64 positions
  const scaled = frequencies(8, {
    ...rotary,
    ropeScaling: llama3Scaling(scaling, { ...rotary, headWidth: 8 }),
  });
  const kept = ((0.1 * 64) / (2 * Math.PI) - 1) / 3;
  const expected = [1, 0.1 * (kept + (1 - kept) / 8), 0.01 / 8, 0.001 / 8];
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(scaled[i] / value - 1) < 1e-6, `${i}`);
  assert.equal(scaled[0], plain[0]);
});

test('of frequencies of which only some turn these are as they were, and the others zero', () => {
  const rotary = { maxLength: 1, ropeTheta: 10_000 };
  assert.deepEqual(
    [...frequencies(8, { ...rotary, rotaryFrequencies: 2 })],
    [...frequencies(8, rotary).slice(0, 2), 0, 0],
  );
});

const unsupported: [string, object, RegExp][] = [
  ['a kind of scaling', { rope_scaling: { rope_type: 'ntk', factor: 4 } }, /rope_scaling of type "ntk"/],
  ['its old key', { rope_scaling: { type: 'mrope', factor: 4 } }, /rope_scaling of type "mrope"/],
  [
    'factors of another head',
    { rope_scaling: { rope_type: 'longrope', short_factor: [1], long_factor: [1] } },
    /rope_scaling has 1 factors/,
  ],
  ['a part of a head', { rope_parameters: { partial_rotary_factor: 0.5 } }, /partial_rotary_factor is 0\.5/],
  ['an activation', { hidden_act: 'gelu' }, /hidden_act is "gelu"/],
  ['biases', { attention_bias: true }, /attention_bias is true/],
  ['a window', { use_sliding_window: true }, /use_sliding_window is true/],
  ['a kind of layer', { layer_types: ['full_attention', 'sliding_attention'] }, /"sliding_attention"/],
  ['quantised weights', { quantization_config: { bits: 4 } }, /quantization_config is \{"bits":4\}/],
  ['experts', { num_experts: 8 }, /num_experts is 8/],
];
for (const [what, option, message] of unsupported) {
  test(`${what} that we don't have: ${JSON.stringify(option)} is an error that names it`, () => {
    for (const family of [a2dLlama, qwen2, qwen3]) {
      assert.throws(
        () => family.read({ ...json, ...option }, 'config.json'),
        (error) => error instanceof UnsupportedError && message.test(error.message),
      );
    }
  });
}

test('a causal model that its config takes the mask from, or calls by another type, is refused; swish is silu', () => {
  for (const [option, message] of [
    [{ is_causal: false }, /is_causal is false/],
    [{ model_type: 'mistral', sliding_window: 4 }, /model_type is "mistral"/],
  ] as const)
    assert.throws(() => llama.read({ ...json, ...option }, 'config.json'), message);
  assert.doesNotThrow(() => llama.read({ ...json, model_type: 'llama', hidden_act: 'swish' }, 'config.json'));
});

const wrong: [string, object, RegExp][] = [
  ['no width', { hidden_size: undefined }, /hidden_size/],
  ['heads that do not divide the width', { num_attention_heads: 7 }, /hidden_size to be a multiple/],
  ['an odd head', { head_dim: 7 }, /head_dim to be even/],
  ['heads that share keys unevenly', { num_key_value_heads: 4 }, /multiple of num_key_value_heads/],
  ['a scaling without a factor', { rope_scaling: { ...llama3, factor: undefined } }, /factor/],
];
for (const [what, change, message] of wrong) {
  test(`${what} is an error that names the file`, () => {
    assert.throws(
      () => llama.read({ ...json, ...change }, 'a/config.json'),
      (error) => error instanceof FileError && error.path === 'a/config.json' && message.test(error.message),
    );
  });
}
