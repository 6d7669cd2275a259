import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { causalBlocks, predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { blockCausalCache, withCache } from '../src/sampling/cache.ts';
import { alignedBlocks, cutAtEnd, hole, layCanvas } from '../src/sampling/canvas.ts';
import { evenly } from '../src/sampling/reveal-counts.ts';
import { decoder } from '../src/sampling/decode.ts';
import { sample } from '../src/sampling/sample.ts';
import { tokenEditing, thresholdOrCount, unmasking } from '../src/sampling/strategies.ts';
import { readReference, referencePath } from './reference.ts';
import { replay } from './replay.ts';

// The recorded runs of LLaDA2.0's and 2.1's own `generate`, with the exact cache and with everything computed each time.

interface Recorded {
  special_ids: { mask: number; eos: number };
  generate: {
    args: {
      block_length: number;
      gen_length: number;
      steps?: number;
      minimal_topk?: number;
      threshold: number;
      editing_threshold?: number;
      max_post_steps?: number;
      num_to_transfer?: number;
    };
    prompt: number[][];
    /** The canvas up to the end of the block after every step. */
    steps: { block: number; x_window: number[] }[];
    output: number[][];
  }[];
}

for (const family of ['llada2', 'llada21']) {
  const { special_ids, generate } = readReference<Recorded>(family);
  const { mask: maskId, eos } = special_ids;
  const { network } = await openModel(referencePath(family));

  after(() => network.close());

  for (const [index, { args, prompt, steps, output }] of generate.entries()) {
    const N = args.block_length;
    const blockOf = causalBlocks(N);
    const predictors = {
      'without a cache': () => predictorOf(network, { blockOf }),
      'with the exact cache': () => withCache(cachedNetwork(network, { blockOf }), blockCausalCache(N)),
    };
    for (const [name, predictor] of Object.entries(predictors)) {
      test(`${family} generate[${index}] ${JSON.stringify(args)}, ${name}`, async () => {
        const P = prompt[0].length;
        // its code writes whole blocks and cuts what is too long
        const padded = Math.ceil((P + args.gen_length) / N) * N;
        const canvas = layCanvas([prompt[0], hole(padded - P)], maskId);
        const { threshold, minimal_topk = 1, num_to_transfer: minReveal } = args;
        const perBlock = Math.min(args.steps ?? 32, Math.floor(args.gen_length / minimal_topk));
        const strategy =
          args.editing_threshold === undefined
            ? unmasking(thresholdOrCount(threshold))
            : tokenEditing(threshold, args.editing_threshold, {
                minReveal,
                corrections: args.max_post_steps,
              });
        const frames = sample(predictor(), canvas, {
          maskId,
          blockLength: N,
          layout: alignedBlocks,
          counts: () => evenly(N, perBlock),
          strategy,
          decode: decoder({}),
          endIds: [eos],
        });
        const { tokens } = await replay(
          frames,
          steps.map(({ x_window }) => x_window),
        );
        assert.deepEqual([...tokens.subarray(0, P)], prompt[0]);
        const text = cutAtEnd(tokens.slice(0, P + args.gen_length), [eos], P);
        assert.deepEqual([...text.subarray(P)], output[0]);
      });
    }
  }
}
