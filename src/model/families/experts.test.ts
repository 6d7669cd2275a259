import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import { lladaMoe } from './llada-moe.ts';
import { llada2 } from './llada2.ts';

const moe = {
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  expert_intermediate_size: 16,
  moe_layer_freq: [1, 1],
  num_experts: 8,
  num_experts_per_tok: 2,
  vocab_size: 100,
  max_position_embeddings: 64,
  rope_theta: 50_000,
  rms_norm_eps: 1e-5,
};

const second = {
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  intermediate_size: 56,
  moe_intermediate_size: 16,
  first_k_dense_replace: 1,
  num_experts: 8,
  num_experts_per_tok: 3,
  num_shared_experts: 2,
  n_group: 4,
  topk_group: 2,
  routed_scaling_factor: 2.5,
  partial_rotary_factor: 0.5,
  rotary_dim: 8,
  vocab_size: 100,
  max_position_embeddings: 64,
  rope_theta: 600_000,
  rms_norm_eps: 1e-6,
};

test('LLaDA-MoE has a SwiGLU of its own width where moe_layer_freq is 0', () => {
  const json = { ...moe, moe_layer_freq: [0, 1], dense_intermediate_size: 48 };
  const { hidden, mixture } = lladaMoe.read(json, 'config.json').transformer;
  assert.equal(hidden, 48);
  assert.deepEqual(mixture?.layers, [false, true]);
  assert.equal(mixture?.hidden, 16);
});

test('LLaDA2 rotates a part of each head, and has experts from the layer that the config says', () => {
  const { rotaryWidth, mixture } = llada2.read(second, 'config.json').transformer;
  assert.equal(rotaryWidth, 8);
  assert.deepEqual(mixture?.layers, [false, true, true]);
  assert.equal(mixture?.sharedHidden, 32);
  assert.deepEqual(mixture?.groups, { count: 4, chosen: 2 });
});

const unsupported: [typeof llada2, object, object, RegExp][] = [
  [lladaMoe, moe, { routed_scaling_factor: 2.5 }, /routed_scaling_factor is 2\.5/],
  [lladaMoe, moe, { router_num_group: 4 }, /router_num_group is 4/],
  [lladaMoe, moe, { shared_expert_intermediate_size: 16 }, /shared_expert_intermediate_size is 16/],
  [lladaMoe, moe, { rope_scaling: { type: 'yarn' } }, /rope_scaling is \{"type":"yarn"\}/],
  [llada2, second, { score_function: 'softmax' }, /score_function is "softmax"/],
  [llada2, second, { use_qkv_bias: true }, /use_qkv_bias is true/],
  [llada2, second, { norm_topk_prob: false }, /norm_topk_prob is false/],
];
for (const [family, json, option, message] of unsupported) {
  test(`${family.architecture} with ${JSON.stringify(option)} is an error that names it`, () => {
    assert.throws(
      () => family.read({ ...json, ...option }, 'config.json'),
      (error) => error instanceof UnsupportedError && message.test(error.message),
    );
  });
}

const wrong: [typeof llada2, object, object, RegExp][] = [
  [lladaMoe, moe, { moe_layer_freq: [1] }, /moe_layer_freq for each of 2 layers, found 1/],
  [lladaMoe, moe, { moe_layer_freq: [1, 2] }, /moe_layer_freq/],
  [lladaMoe, moe, { moe_layer_freq: [0, 1] }, /dense_intermediate_size/],
  [lladaMoe, moe, { num_experts_per_tok: 9 }, /at most num_experts, 8, found 9/],
  [llada2, second, { rotary_dim: 16 }, /rotary_dim to be partial_rotary_factor of head_dim, found 16/],
  [llada2, second, { n_group: 3 }, /num_experts to be a multiple of n_group/],
  [llada2, second, { n_group: 8 }, /groups of at least two experts/],
  [llada2, second, { topk_group: 5 }, /topk_group of at most n_group, 4, found 5/],
  [llada2, second, { num_experts_per_tok: 5 }, /the 4 experts in topk_group groups, found 5/],
];
for (const [family, json, change, message] of wrong) {
  test(`${family.architecture} with ${JSON.stringify(change)} is an error that names the file`, () => {
    assert.throws(
      () => family.read({ ...json, ...change }, 'a/config.json'),
      (error) => error instanceof FileError && error.path === 'a/config.json' && message.test(error.message),
    );
  });
}
