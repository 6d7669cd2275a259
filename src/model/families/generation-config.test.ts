import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplingSchema } from '../../sampling/options.ts';
import { samplingIn } from './generation-config.ts';
import { llada } from './llada.ts';
import { llada2 } from './llada2.ts';
import { a2dQwen3, dreamFamily, qwen2 } from './llama.ts';

test("LLaDA's keys become options", () => {
  const json = {
    _from_model_config: true,
    eos_token_id: 2,
    steps: 64,
    gen_length: 128,
    block_length: 32,
    temperature: 0.5,
    cfg_scale: 1.5,
    remasking: 'random',
    logits_eos_inf: false,
    confidence_eos_eot_inf: true,
    top_k: 0,
    top_p: null,
  };
  const options = {
    temperature: 0.5,
    steps: 64,
    length: 128,
    blockLength: 32,
    guidance: 1.5,
    strategy: 'random',
    endLast: true,
  };
  assert.deepEqual(samplingIn(llada.sampling, json), { options, unsupported: [] });
  assert.deepEqual(samplingIn(a2dQwen3.sampling, { max_new_tokens: 9, remasking: 'new' }), {
    options: { length: 9 },
    unsupported: ['remasking is "new"'],
  });
});

test("Dream's algorithms come with its counts", () => {
  for (const [alg, expected] of Object.entries({
    origin: { strategy: 'ancestral' },
    maskgit_plus: { strategy: 'low-confidence', counts: 'dream' },
    topk_margin: { strategy: 'margin', counts: 'dream' },
    entropy: { strategy: 'entropy', counts: 'dream' },
  }))
    assert.deepEqual(samplingIn(dreamFamily.sampling, { alg, eps: 1e-3, alg_temp: 0 }), {
      options: expected,
      unsupported: [],
    });
  const { unsupported } = samplingIn(dreamFamily.sampling, { alg: 'new', eps: 0.01, alg_temp: 0.1 });
  assert.deepEqual(unsupported, ['alg is "new"', 'eps is 0.01', 'alg_temp is 0.1']);
});

test('LLaDA2.1 edits where its config says so', () => {
  const json = { block_length: 32, steps: 32, threshold: 0.7, minimal_topk: 1, max_post_steps: 8 };
  const own = { blockLength: 32, strategy: 'threshold', tau: 0.7 };
  assert.deepEqual(samplingIn(llada2.sampling, json), { options: own, unsupported: [] });
  assert.deepEqual(samplingIn(llada2.sampling, { ...json, editing_threshold: 0.5 }), {
    options: { ...own, strategy: 'editing', tauEdit: 0.5, corrections: 8 },
    unsupported: [],
  });
});

test("a causal model's temperature counts where it is to draw", () => {
  const json = { temperature: 0.6, top_p: 0.9, max_new_tokens: 2048, num_beams: 1, repetition_penalty: 1.1 };
  assert.deepEqual(samplingIn(qwen2.sampling, { ...json, do_sample: false }), {
    options: { length: 2048 },
    unsupported: ['repetition_penalty is 1.1'],
  });
  const { options } = samplingIn(qwen2.sampling, { ...json, do_sample: true });
  assert.deepEqual(options, { length: 2048, temperature: 0.6, topP: 0.9, topK: 50 });
});

test('every option that a key stands for is one of ours', () => {
  for (const { sampling } of [llada, llada2, dreamFamily, a2dQwen3, qwen2]) {
    for (const [key, mean] of Object.entries(sampling)) {
      for (const value of [1, 0.5, true, 'random', 'entropy', 'low_confidence']) {
        for (const option of Object.keys(mean(value, {}) ?? {}))
          assert.ok(Object.hasOwn(samplingSchema.shape, option), `${key}: ${option}`);
      }
    }
  }
});
