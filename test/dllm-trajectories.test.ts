import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { type CachePolicy, dualCache, prefixCache, withCache } from '../src/sampling/cache.ts';
import { alignedBlocks, hole, layBlocks, layCanvas } from '../src/sampling/canvas.ts';
import { decoder } from '../src/sampling/decode.ts';
import { withGuidance } from '../src/sampling/guidance.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';
import { sample } from '../src/sampling/sample.ts';
import { factor, lowConfidence, threshold } from '../src/sampling/strategies.ts';
import { readReference, referencePath } from './reference.ts';
import { dllmPlan, fixed, lasting, replay, withMasksBefore } from './replay.ts';

// The recorded runs of dllm's samplers: MDLMSampler's sample and infill, BD3LMSampler, and Fast-dLLM with its caches.
// Like LLaDA's code they may predict [MASK], and where they do, masks are left.

interface Recorded {
  special_ids: { mask: number; eos: number };
  mdlm_sample: RecordedRun[];
  bd3lm_sample?: RecordedRun[];
  dllm_fastdllm_sample?: RecordedRun[];
}

interface RecordedRun {
  args: {
    method?: 'infill';
    max_new_tokens: number;
    block_size: number;
    steps: number;
    cfg_scale?: number;
    suppress_tokens?: number[];
    right_shift_logits?: boolean;
    use_cache?: 'prefix' | 'dual' | null;
    threshold?: number;
    factor?: number;
  };
  /** Prompts of any length, or canvases. */
  inputs: number[][];
  /** The canvas at the start and after every step, padded on the right, or by BD3LM on the left   [steps + 1][B][L] */
  histories: number[][][];
}

for (const family of ['llada', 'a2d_llama', 'a2d_qwen2', 'a2d_qwen3']) {
  const recorded = readReference<Recorded>(family);
  const { mask: maskId, eos } = recorded.special_ids;
  const { network } = await openModel(referencePath(family));
  const predict = predictorOf(network);

  after(() => network.close());

  for (const [index, run] of recorded.mdlm_sample.entries()) {
    const title = `${family} mdlm_sample[${index}] ${JSON.stringify(run.args)}`;
    test(`${title} is the recorded one after every step`, async () => {
      for (const b of run.inputs.keys()) await (run.args.method === 'infill' ? infill : mdlm)(run, b);
    });
  }

  for (const [index, run] of (recorded.bd3lm_sample ?? []).entries()) {
    const title = `${family} bd3lm_sample[${index}] ${JSON.stringify(run.args)}`;
    test(`${title} is the recorded one after every step`, async () => {
      for (const b of run.inputs.keys()) await bd3lm(run, b);
    });
  }

  for (const [index, run] of (recorded.dllm_fastdllm_sample ?? []).entries()) {
    const title = `${family} dllm_fastdllm_sample[${index}] ${JSON.stringify(run.args)}`;
    test(`${title} is the recorded one after every step`, async () => fastDllm(run));
  }

  const decodeOf = ({ suppress_tokens = [] }: RecordedRun['args']) => decoder({ forbidden: suppress_tokens });

  /** What every one of these samplers does to the predictions of a network. */
  function asAsked(plain: MaskPredictor, canvas: Int32Array, { args }: RecordedRun): MaskPredictor {
    const shifted: MaskPredictor = (xt, rows, moment) =>
      plain(
        xt,
        rows.map((i) => (i > 0 ? i - 1 : i)),
        moment,
      );
    const conditional = args.right_shift_logits ? shifted : plain;
    return withGuidance(conditional, { w: args.cfg_scale ?? 0, canvas, maskId });
  }

  async function mdlm(run: RecordedRun, b: number): Promise<void> {
    const { max_new_tokens: length, block_size: size, steps } = run.args;
    const canvas = layCanvas([run.inputs[b], hole(length)], maskId);
    const plan = dllmPlan(Math.ceil(steps / Math.ceil(length / size)));
    // the layout has all blocks so far, and the plan is for the masks of the last
    const counts = (masked: number): number[] => plan(masked - size * (Math.ceil(masked / size) - 1));
    const frames = sample(asAsked(predict, canvas, run), canvas, {
      maskId,
      blockLength: size,
      layout: withMasksBefore,
      counts,
      strategy: lasting(({ length }) => counts(length).length, lowConfidence),
      decode: decodeOf(run.args),
    });
    await replay(frames, rowOf(run, b, canvas.length), { title: `row ${b}` });
  }

  async function infill(run: RecordedRun, b: number): Promise<void> {
    const { block_size: size, steps } = run.args;
    const canvas = Int32Array.from(run.inputs[b]);
    const longest = Math.max(...run.inputs.map((ids) => ids.length));
    const plan = dllmPlan(Math.ceil(steps / Math.ceil(longest / size)));
    const frames = sample(asAsked(predict, canvas, run), canvas, {
      maskId,
      blockLength: size,
      layout: alignedBlocks,
      counts: fixed(plan),
      strategy: lasting(({ length }) => plan(length).length, lowConfidence),
      decode: decodeOf(run.args),
    });
    await replay(frames, rowOf(run, b, canvas.length), { title: `row ${b}` });
  }

  async function bd3lm(run: RecordedRun, b: number): Promise<void> {
    const { max_new_tokens: length, block_size: size, steps } = run.args;
    const canvas = layCanvas([run.inputs[b], hole(length)], maskId);
    const plan = dllmPlan(Math.ceil(steps / Math.ceil(length / size)));
    // the prompt is padded on the left to whole blocks of the batch, and nothing sees the padding
    const padding = run.histories[0][b].length - run.inputs[b].length;
    const blockOf = (i: number): number => Math.floor((i + padding) / size);
    const seen = predictorOf(network, { blockOf });
    const frames = sample(asAsked(seen, canvas, run), canvas, {
      maskId,
      blockLength: size,
      counts: fixed(plan),
      strategy: lasting(({ length }) => plan(length).length, lowConfidence),
      decode: decodeOf(run.args),
    });
    const steps_x = run.histories.slice(1).map((batch) => batch[b].slice(padding));
    const { tokens } = await replay(frames, steps_x, { title: `row ${b}`, stops: true });
    // it goes on to the end, or to the end of a block with an end token
    const end = steps_x.at(-1)!.length;
    if (end < canvas.length) assert.ok(tokens.subarray(end - size, end).includes(eos));
  }

  async function fastDllm(run: RecordedRun): Promise<void> {
    const { max_new_tokens: length, block_size: size, steps, use_cache } = run.args;
    const canvas = layCanvas([run.inputs[0], hole(length)], maskId);
    const policies: Record<string, CachePolicy> = { prefix: prefixCache, dual: dualCache() };
    const predictor = use_cache ? withCache(cachedNetwork(network), policies[use_cache]) : predict;
    const plan = dllmPlan(Math.ceil(steps / Math.ceil(length / size)));
    const { threshold: tau, factor: f } = run.args;
    const select = f !== undefined ? factor(f) : tau !== undefined ? threshold(tau) : lowConfidence;
    // with the dual cache there are as many steps as planned, though a factor or a threshold may want more
    const isPlanned = use_cache === 'dual' || select === lowConfidence;
    const frames = sample(predictor, canvas, {
      maskId,
      blockLength: size,
      layout: layBlocks,
      counts: fixed(plan),
      strategy: lasting((positions) => (isPlanned ? plan(positions.length).length : Infinity), select),
      decode: decodeOf(run.args),
    });
    await replay(frames, rowOf(run, 0, canvas.length));
  }

  const rowOf = ({ histories }: RecordedRun, b: number, length: number): number[][] =>
    histories.slice(1).map((batch) => batch[b].slice(0, length));
}
