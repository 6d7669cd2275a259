import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { maskedPositions } from '../src/sampling/canvas.ts';
import type { RevealCounts } from '../src/sampling/counts.ts';
import { decoder } from '../src/sampling/decode.ts';
import { withGuidance } from '../src/sampling/guidance.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';
import { sample } from '../src/sampling/sample.ts';
import { lowConfidence, threshold, unmasking } from '../src/sampling/strategies.ts';
import { inDllm } from './dllm-counts.ts';
import { readReference, referencePath, skipWithout } from './reference.ts';

// The recorded runs of dllm's samplers over LLaDA's network: MDLMSampler, and FastdLLMLLaDASampler without its caches.
// Like LLaDA's code they may predict [MASK].

interface Recorded {
  special_ids: { mask: number };
  mdlm_sample: RecordedRun[];
  dllm_fastdllm_sample: RecordedRun[];
}

interface RecordedRun {
  args: {
    max_new_tokens: number;
    block_size: number;
    steps: number;
    cfg_scale?: number;
    suppress_tokens?: number[];
    use_cache?: string | null;
    threshold?: number;
  };
  /** Prompts of any length. */
  inputs: number[][];
  /** The canvas at the start and after every step, padded on the right   [steps + 1][B][L] */
  histories: number[][][];
}

const { skip } = skipWithout('llada');
if (skip) {
  test('the recorded runs of dllm are replayed', { skip });
} else {
  const recorded = readReference<Recorded>('llada');
  const { mask: maskId } = recorded.special_ids;
  const { network } = await openModel(referencePath('llada'));
  const predict: MaskPredictor = (xt, rows) => network.logits({ shape: [1, xt.length], data: xt }, rows);

  after(() => network.close());

  for (const [index, run] of recorded.mdlm_sample.entries()) {
    test(`mdlm_sample[${index}] ${JSON.stringify(run.args)} is the recorded one after every step`, async () => {
      for (const b of run.inputs.keys()) await replay(run, b);
    });
  }

  for (const [index, run] of recorded.dllm_fastdllm_sample.entries()) {
    if (run.args.use_cache !== null) continue; // the others are its approximate caches
    const title = `dllm_fastdllm_sample[${index}] ${JSON.stringify(run.args)}`;
    test(`${title} is the recorded one after every step`, async () => replay(run, 0));
  }

  /** An empty step isn't counted among dllm's; one at the end reveals as little and comes after the text stands. */
  const scheduled: RevealCounts = (masked, steps) => {
    const plan = inDllm('linear')(masked, steps).filter((count) => count > 0);
    return [...plan, ...Array.from({ length: steps - plan.length }, () => 0)];
  };

  async function replay({ args, inputs, histories }: RecordedRun, b: number): Promise<void> {
    const P = inputs[b].length;
    const L = P + args.max_new_tokens;
    const recordedAt = (n: number): number[] => histories[n][b].slice(0, L);
    const blocks = Math.ceil(args.max_new_tokens / args.block_size);
    const stepsPerBlock = Math.ceil(args.steps / blocks);
    const guided = withGuidance(predict, {
      w: args.cfg_scale ?? 0,
      canvas: Int32Array.from(recordedAt(0)),
      maskId,
    });

    // dllm's last block may be shorter than the others, so each block is a sample of its own, with masks behind it
    let canvas = Int32Array.from(recordedAt(0));
    let n = 0;
    for (let block = 0; block < blocks; block++) {
      const end = Math.min(P + (block + 1) * args.block_size, L);
      const behind = canvas.subarray(end);
      const wholeCanvas: MaskPredictor = (xt, rows, moment) =>
        guided(Int32Array.from([...xt, ...behind]), rows, moment);
      const size = maskedPositions(canvas.subarray(0, end), maskId).length;
      const frames = sample(wholeCanvas, canvas.subarray(0, end), {
        maskId,
        strategy: unmasking(lowConfidence),
        steps: stepsPerBlock,
        counts: scheduled,
        ...(args.threshold !== undefined && { strategy: unmasking(threshold(args.threshold)), steps: size }),
        decode: decoder({ forbidden: args.suppress_tokens ?? [] }),
      });
      for await (const { step, tokens } of frames) {
        if (step === 0) continue;
        n += 1;
        assert.deepEqual([...tokens, ...behind], recordedAt(n), `row ${b}, step ${n}`);
        canvas = Int32Array.from([...tokens, ...behind]);
      }
    }
    assert.deepEqual([...canvas], recordedAt(histories.length - 1));
    assert.deepEqual(maskedPositions(canvas, maskId), []);
  }
}
