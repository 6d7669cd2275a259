import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReference, referencePath } from './reference.ts';
import { maskProbability } from '../src/diffusion/forward.ts';
import { linearNoise } from '../src/diffusion/noise-schedule.ts';
import type { CleanWindows } from '../src/diffusion/clean-windows.ts';
import { costsOf, maskedCanvas } from '../src/likelihood/scored-canvas.ts';
import { mean, stratifiedCounts } from '../src/likelihood/likelihood.ts';
import { scorerOfPredictor } from '../src/likelihood/scorer.ts';
import { withGuidance } from '../src/sampling/guidance.ts';
import type { TrainingBatch } from '../src/training/learner.ts';
import { noisedBatch } from '../src/training/objectives/objective.ts';
import { openModel } from '../src/model/open.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';
import { referencePredictor } from './reference-llada.ts';

// The noise, the loss and the likelihood of LLaDA's own code (GUIDELINES.md, get_log_likelihood.py), with its recorded
// times, uniforms and permutations; the network is the plain float64 one.

interface RecordedBatch {
  input_ids: number[][];
  t: number[];
  u: number[][];
  noisy_batch: number[][];
  p_mask: number[];
  loss: number;
  prompt_lengths?: number[];
}

interface RecordedLikelihood {
  prompt: number[];
  answer: number[];
  mc_num: number;
  batch_size: number;
  cfg_scale: number;
  log_likelihood: number;
  iterations: { k: number; perms: number[][]; perturbed_seq: number[][]; loss: number }[];
}

function batchOf({ input_ids, t, u, prompt_lengths }: RecordedBatch, maskId: number): TrainingBatch {
  const [B, L] = [input_ids.length, input_ids[0].length];
  const windows: CleanWindows = {
    shape: [B, L],
    data: Int32Array.from(input_ids.flat()),
    maskable:
      prompt_lengths &&
      Uint8Array.from({ length: B * L }, (_, i) => Number(i % L >= prompt_lengths[Math.floor(i / L)])),
  };
  // LLaDA's code computes p in float32
  const noise = (b: number) => (i: number) => u[b][i];
  return noisedBatch(windows, {
    schedule: linearNoise,
    maskId,
    times: t,
    noise,
    batchRows: B,
    round: Math.fround,
  });
}

test('the recorded noise of five training steps is reproduced: every mask, and every p to the float32 bit', () => {
  const { pretrain, mask_token_id } = readReference('training_llada') as {
    pretrain: { steps: RecordedBatch[] };
    mask_token_id: number;
  };
  assert.equal(pretrain.steps.length, 5);
  for (const step of pretrain.steps) {
    const { tokens, weights, rows } = batchOf(step, mask_token_id);
    assert.deepEqual([...tokens.data], step.noisy_batch.flat());
    for (const [b, t] of step.t.entries()) {
      assert.equal(maskProbability(t, { schedule: linearNoise }, Math.fround), step.p_mask[b]);
    }
    const [B, L] = tokens.shape;
    for (const [r, row] of rows.entries()) {
      const expected = 1 / (step.p_mask[Math.floor(row / L)] * B * L);
      assert.ok(Math.abs(weights[r] / expected - 1) < 2e-7, `${weights[r]}, ${expected}`);
    }
  }
});

test('the recorded losses of pre-training and fine-tuning are reproduced to 1e-5', async () => {
  const { pretrain, sft, mask_token_id } = readReference('training_llada') as {
    pretrain: { steps: RecordedBatch[] };
    sft: RecordedBatch;
    mask_token_id: number;
  };
  const score = scorerOfPredictor(referencePredictor(referencePath('llada')));
  for (const recorded of [pretrain.steps[0], sft]) {
    const batch = batchOf(recorded, mask_token_id);
    assert.deepEqual([...batch.tokens.data], recorded.noisy_batch.flat());
    const nats = await score(batch);
    const loss = batch.weights.reduce((sum, weight, r) => sum + weight * nats[r], 0);
    assert.ok(Math.abs(loss / recorded.loss - 1) < 1e-5, `${loss}, ${recorded.loss}`);
  }
});

/** LLaDA's tiny network in plain loops, and ours over the graph. */
const predictors = {
  plain: async () => ({ predict: referencePredictor(referencePath('llada')), close: async () => {} }),
  graph: async () => {
    const { network } = await openModel(referencePath('llada'));
    const predict: MaskPredictor = (xt, rows) => network.logits({ shape: [1, xt.length], data: xt }, rows);
    return { predict, close: () => network.close() };
  },
};

for (const name of ['plain', 'graph'] as const) {
  test(`the recorded log-likelihoods of get_log_likelihood.py are reproduced within 1e-3 by the ${name} network`, async () => {
    const { log_likelihood, special_ids } = readReference('llada') as {
      log_likelihood: RecordedLikelihood[];
      special_ids: { mask: number };
    };
    const maskId = special_ids.mask;
    const { predict, close } = await predictors[name]();
    assert.ok(log_likelihood.length > 0);
    for (const recorded of log_likelihood) {
      const x0 = Int32Array.from([...recorded.prompt, ...recorded.answer]);
      const n = recorded.answer.length;
      const canvases = recorded.iterations.flatMap(({ k, perms, perturbed_seq }) =>
        Array.from(stratifiedCounts(n, recorded.batch_size, k), (l, j) => {
          // the code shuffles the mask [1 × l, 0 × (n − l)] with a permutation
          const chosen = Int32Array.from(perms[j].keys()).filter((i) => perms[j][i] < l);
          const rows = chosen.map((i) => recorded.prompt.length + i);
          const canvas = maskedCanvas(x0, rows, n / l, maskId);
          assert.deepEqual([...canvas.tokens], perturbed_seq[j]);
          return canvas;
        }),
      );
      assert.equal(canvases.length, recorded.mc_num);
      const given = Int32Array.from([...recorded.prompt, ...recorded.answer.map(() => maskId)]);
      const guided = withGuidance(predict, { w: recorded.cfg_scale, canvas: given, maskId });
      const nats = mean(await costsOf(scorerOfPredictor(guided), canvases));
      assert.ok(Math.abs(-nats - recorded.log_likelihood) < 1e-3, `${-nats}, ${recorded.log_likelihood}`);
    }
    await close();
  });
}
