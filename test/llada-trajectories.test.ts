import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { integerBelow, uniforms } from '../src/base/random.ts';
import { predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { type CachePolicy, dualCache, prefixCache, withCache } from '../src/sampling/cache.ts';
import { hole, layCanvas, maskedPositions } from '../src/sampling/canvas.ts';
import { argmax, type Decode, type DecodeOptions, decodeRows } from '../src/sampling/decode.ts';
import { withGuidance } from '../src/sampling/guidance.ts';
import { type MaskPredictor, wholeCanvas } from '../src/sampling/predictor.ts';
import { type Frame, sample, type SampleOptions } from '../src/sampling/sample.ts';
import { random, type Strategy, threshold, unmasking } from '../src/sampling/strategies.ts';
import { readReference, referencePath } from './reference.ts';
import { readTensors, referencePredictor } from './reference-llada.ts';
import { replay } from './replay.ts';

// The recorded runs of LLaDA's generate.py and of Fast-dLLM's, replayed step by step. Their code may predict [MASK],
// so nothing is forbidden here but what a run forbids itself.

/** Fast-dLLM's approximate caches. */
const policies: Record<string, CachePolicy> = {
  generate_with_prefix_cache: prefixCache,
  generate_with_dual_cache: dualCache(),
};

interface Recorded {
  special_ids: { eos: number; eot: number; mask: number };
  forward: Record<string, { input_ids: number[][]; attention_mask: number[][] | null; logits: string }>;
  generate: RecordedRun[];
  fast_dllm_generate?: (RecordedRun & { fn: string; nfe: number })[];
}

interface RecordedRun {
  args: {
    steps: number;
    gen_length: number;
    block_length: number;
    cfg_scale?: number;
    logits_eos_inf?: boolean;
    confidence_eos_eot_inf?: boolean;
    temperature?: number;
    remasking?: string;
    threshold?: number | null;
  };
  /** [B][P], left-padded */
  prompt: number[][];
  attention_mask?: number[][] | null;
  /** [steps][B][P + gen_length] */
  steps_x: number[][][];
  gumbel_uniform?: string;
  random_confidence?: string;
}

for (const family of ['llada', 'llada_gqa', 'llada_moe']) {
  const recorded = readReference<Recorded>(family);
  const tensors = readTensors(referencePath(family, 'reference.safetensors'));
  // written for LLaDA's network alone
  const plain = family === 'llada_moe' ? undefined : referencePredictor(referencePath(family));
  const { network } = await openModel(referencePath(family));
  const graph = predictorOf(network);
  const { eos, eot, mask: maskId } = recorded.special_ids;

  after(() => network.close());

  if (plain) {
    test(`${family}: the plain float64 network gives the recorded logits within 2e-4`, async () => {
      for (const [name, { input_ids, attention_mask, logits }] of Object.entries(recorded.forward)) {
        const expected = tensors.get(logits)!;
        const L = input_ids[0].length;
        const V = expected.length / input_ids.length / L;
        for (const [b, ids] of input_ids.entries()) {
          // attention is relative in position, so a padded row is the row without its padding
          const kept = [...ids.keys()].filter((i) => (attention_mask ? attention_mask[b][i] === 1 : true));
          const rows = Int32Array.from(kept.keys());
          const { data } = await plain(
            Int32Array.from(kept, (i) => ids[i]),
            rows,
          );
          for (const [r, i] of kept.entries()) {
            for (let v = 0; v < V; v++) {
              const difference = Math.abs(data[r * V + v] - expected[(b * L + i) * V + v]);
              assert.ok(
                difference <= 2e-4,
                `${name}, row ${b}, position ${i}, token ${v}: off by ${difference}`,
              );
            }
          }
        }
      }
    });

    test(`${family}: the graph and the plain network agree on any canvas and any of its rows`, async () => {
      const uniform = uniforms(1, 'synthetic');
      for (let n = 0; n < 20; n++) {
        const canvas = Int32Array.from({ length: 1 + n }, (_, i) => integerBelow(384, uniform(100 * n + i)));
        const rows = Int32Array.from(canvas.keys()).filter((i) => i === n || uniform(100 * n + 50 + i) < 0.4);
        const ours = await graph(canvas, rows, wholeCanvas(canvas.length));
        const theirs: typeof ours = await plain(canvas, rows);
        assert.deepEqual(ours.shape, theirs.shape);
        for (const [index, logit] of ours.data.entries()) {
          const difference = Math.abs(logit - theirs.data[index]);
          assert.ok(difference <= 2e-4, `length ${canvas.length}, logit ${index}: off by ${difference}`);
        }
      }
    });
  }

  for (const [name, predict] of Object.entries({ ...(plain && { plain }), graph })) {
    for (const [index, run] of recorded.generate.entries()) {
      const title = `${family} (${name}) generate[${index}] ${JSON.stringify(run.args)}`;
      test(`${title} is the recorded one after every step`, async () => {
        for (const b of run.prompt.keys()) await follow(predict, run, b);
      });
    }

    for (const [index, run] of (recorded.fast_dllm_generate ?? []).entries()) {
      if (run.fn !== 'generate' && name === 'plain') continue; // it has no memory for the caches
      const cached = policies[run.fn] && (() => withCache(cachedNetwork(network), policies[run.fn]));
      const title = `${family} (${name}) fast_dllm ${run.fn}[${index}] ${JSON.stringify(run.args)}`;
      test(`${title} is the recorded one after every step`, async () => {
        assert.equal(await follow(cached?.() ?? predict, run, 0), run.nfe);
      });
    }
  }

  /** Replays row b of a run without its padding; returns the number of steps. */
  async function follow(predict: MaskPredictor, run: RecordedRun, b: number): Promise<number> {
    const { args } = run;
    const padding = run.attention_mask?.[b].indexOf(1) ?? 0;
    const prompt = run.prompt[b].slice(padding);
    const canvas = layCanvas([prompt, hole(args.gen_length)], maskId);
    const guided = withGuidance(predict, { w: args.cfg_scale ?? 0, canvas, maskId });
    const rowLength = run.prompt[0].length + args.gen_length;
    let step = 0;

    const address = (i: number): number => (step * run.prompt.length + b) * rowLength + padding + i;
    const draws = tensors.get(run.random_confidence ?? '');
    const recordedRandom: Strategy = unmasking((reverse) =>
      random({ ...reverse, uniform: (i) => draws![address(i)] }),
    );

    const noise = tensors.get(run.gumbel_uniform ?? '');
    const restrictions: DecodeOptions = {
      forbidden: args.logits_eos_inf ? [eos] : [],
      deferred: args.confidence_eos_eot_inf ? [eos, eot] : [],
    };
    const decode: Decode = ({ logits, rows }) => {
      // argmax exp(l) / (−ln u)^T, with the recorded u
      const V = logits.shape[1];
      const gumbelMax = (row: Float64Array, i: number): number =>
        argmax(
          row.map((l, v) => Math.exp(l) / (-Math.log(noise![address(i) * V + v])) ** args.temperature!),
          i,
          0,
        );
      return decodeRows(logits, rows, noise ? gumbelMax : argmax, restrictions);
    };

    const options: SampleOptions = {
      maskId,
      // Fast-dLLM's threshold takes as many steps as it needs
      steps: args.threshold == null ? args.steps : args.gen_length,
      blockLength: args.block_length,
      decode,
      strategy:
        args.threshold != null ? unmasking(threshold(args.threshold)) : draws ? recordedRandom : undefined,
    };
    const counted = async function* (): AsyncGenerator<Frame> {
      for await (const frame of sample(guided, canvas, options)) {
        step = frame.step;
        yield frame;
      }
    };
    const rows = run.steps_x.map((batch) => batch[b].slice(padding));
    const last = await replay(counted(), rows, { title: `row ${b}` });
    assert.deepEqual(maskedPositions(last.tokens, maskId), []);
    return last.step;
  }
}
