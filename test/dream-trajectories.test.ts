import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { maskProbability } from '../src/diffusion/forward.ts';
import { linearNoise } from '../src/diffusion/noise-schedule.ts';
import { openModel } from '../src/model/open.ts';
import { predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { dualCache, prefixCache, withCache } from '../src/sampling/cache.ts';
import { hole, layCanvas } from '../src/sampling/canvas.ts';
import { dreamCounts } from '../src/sampling/reveal-counts.ts';
import { decoder } from '../src/sampling/decode.ts';
import { sample } from '../src/sampling/sample.ts';
import {
  ancestral,
  entropy,
  lowConfidence,
  margin,
  type Strategy,
  threshold,
  unmasking,
} from '../src/sampling/strategies.ts';
import { readReference, referencePath } from './reference.ts';
import { replay } from './replay.ts';

// The recorded runs of Dream's own `diffusion_generate`, and of Fast-dLLM's sampler for it with its two caches.

interface Recorded {
  special_ids: { mask: number };
  generate: {
    args: {
      alg: 'origin' | 'maskgit_plus' | 'topk_margin' | 'entropy';
      steps: number;
      max_new_tokens: number;
      top_p?: number;
      top_k?: number;
    };
    /** [B][P], left-padded */
    prompt: number[][];
    attention_mask: number[][] | null;
    steps: { x: number[][]; number_transfer_tokens: number }[];
    /** A number for each mask, of each step. */
    origin_uniforms: number[][] | null;
    output: number[][];
  }[];
  fast_dllm_block_generate: {
    args: { block_length: number; threshold: number; dual_cache: boolean; max_new_tokens: number };
    prompt: number[][];
    states: { kind: string; x: number[][] }[];
  }[];
}

const { special_ids, generate, fast_dllm_block_generate } = readReference<Recorded>('dream');
const { mask: maskId } = special_ids;
const { network } = await openModel(referencePath('dream'));

after(() => network.close());

/** Dream's time ends at ε = 10⁻³. */
const schedule = { ...linearNoise, masked: (t: number) => maskProbability(t, { schedule: linearNoise }) };

for (const [index, run] of generate.entries()) {
  const { args, prompt, attention_mask, steps, origin_uniforms } = run;
  test(`dream generate[${index}] ${JSON.stringify(args)} is the recorded one after every step`, async () => {
    for (const [b, ids] of prompt.entries()) {
      const padding = attention_mask?.[b].indexOf(1) ?? 0;
      const canvas = layCanvas([ids.slice(padding), hole(args.max_new_tokens)], maskId);
      let step = 0;
      const strategies: Record<typeof args.alg, Strategy> = {
        origin: unmasking((reverse) => {
          // its code reveals where the number is below 1 − s/t
          const numbers = new Map(reverse.masked.map((i, n) => [i, 1 - origin_uniforms![step][n]]));
          return ancestral(schedule)({ ...reverse, uniform: (i) => numbers.get(i)! });
        }),
        maskgit_plus: unmasking(lowConfidence),
        topk_margin: unmasking(margin),
        entropy: unmasking(entropy),
      };
      const frames = sample(predictorOf(network), canvas, {
        maskId,
        steps: args.steps,
        counts: dreamCounts,
        strategy: {
          ...strategies[args.alg],
          step(reverse) {
            const transition = strategies[args.alg].step(reverse);
            step += 1;
            return transition;
          },
        },
        decode: decoder({ topP: args.top_p, topK: args.top_k }),
      });
      const rows = steps.map(({ x }) => x[b].slice(padding));
      const { tokens } = await replay(frames, rows, { title: `row ${b}` });
      assert.deepEqual([...tokens], run.output[b].slice(padding));
    }
  });
}

for (const [index, { args, prompt, states }] of fast_dllm_block_generate.entries()) {
  const title = `dream fast_dllm_block_generate[${index}] ${JSON.stringify(args)}`;
  test(`${title} is the recorded one after every step`, async () => {
    const canvas = layCanvas([prompt[0], hole(args.max_new_tokens)], maskId);
    const policy = args.dual_cache ? dualCache() : prefixCache;
    // the forward that begins a block is used for the block's first token alone
    const strategy = unmasking((step) =>
      step.t === 1 ? [step.positions[0]] : threshold(args.threshold)(step),
    );
    const frames = sample(withCache(cachedNetwork(network), policy), canvas, {
      maskId,
      blockLength: args.block_length,
      strategy,
      decode: decoder({}),
    });
    await replay(
      frames,
      states.map(({ x }) => x[0]),
    );
  });
}
