/**
 * `npm run bench:sample`: how long a made-up model of 134 million parameters (random weights, float32) takes to write 192
 * tokens behind a prompt of 64, in two ways: 64 steps without approximation, each a forward over the whole canvas with
 * logits in the masked positions alone; and 64 steps in blocks of 32 tokens with the dual cache. Three tokens a forward.
 *
 * With --check the first is held against a run that computes all logits of all positions and decodes them in float64: the
 * tokens have to be the same. Its files, 0.5 GB, are written where --directory says and taken away at the end.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeGreedy, greedy } from '../src/language-model/greedy-reduction.ts';
import { openModel } from '../src/model/open.ts';
import { predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { uniforms } from '../src/base/random.ts';
import { dualCache, withCache } from '../src/sampling/cache.ts';
import { hole, layCanvas } from '../src/sampling/canvas.ts';
import { decoder } from '../src/sampling/decode.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';
import { sample, type SampleOptions } from '../src/sampling/sample.ts';
import { countForwards, drain } from '../src/sampling/stats.ts';
import { writeMadeUp } from './made-up.ts';
import { madeUp } from './made-up-models.ts';
import { median } from './measure.ts';

const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: tmpdir() },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const [promptLength, newTokens, steps, blockLength] = [64, 192, 64, 32];
const model = madeUp['134m'];
const { vocabularySize } = model.family.read(model.json, 'config.json').transformer;
const maskId = vocabularySize - 1;
const folder = await mkdtemp(join(values.directory, 'unmask-made-up-'));
try {
  console.error(`writing the model to ${folder}`);
  await writeMadeUp(join(folder, 'model'), model);
  const { network } = await openModel(join(folder, 'model'), { threads: Number(values.threads) });
  const token = uniforms(1, 'synthetic');
  const prompt = Array.from({ length: promptLength }, (_, i) => Math.floor(token(i) * maskId));
  const canvas = layCanvas([prompt, hole(newTokens)], maskId);
  const reduce = greedy(vocabularySize, { forbidden: [maskId] });
  const common: SampleOptions = { maskId, steps, decode: decodeGreedy };

  const exact = await timed(() => predictorOf(network, { reduce }), common);
  report('64 steps, nothing approximate', exact);
  if (values.check) {
    const every: MaskPredictor = async (xt, rows, moment) => {
      const { shape: size, data } = await predictorOf(network)(xt, Int32Array.from(xt.keys()), moment);
      const V = size[1];
      const picked = new Float32Array(rows.length * V);
      rows.forEach((i, r) => picked.set(data.subarray(i * V, (i + 1) * V), r * V));
      return { shape: [rows.length, V], data: picked };
    };
    const whole = await written(every, { ...common, decode: decoder({ forbidden: [maskId] }) });
    assert.deepEqual(whole.last.tokens, exact.tokens, 'pruned rows write the same tokens');
    console.log('  the same tokens as with all logits of all positions, decoded in float64');
  }
  const cached = await timed(() => withCache(cachedNetwork(network, { reduce }), dualCache()), {
    ...common,
    blockLength,
  });
  report('64 steps, blocks of 32, dual cache', cached);
  await network.close();

  async function written(predict: MaskPredictor, options: SampleOptions) {
    const { predict: counted, forwards } = countForwards(predict);
    return drain(sample(counted, canvas, options), { forwards, clock: () => performance.now() });
  }

  /** The first run, which makes the session, doesn't count. */
  async function timed(predictor: () => MaskPredictor, options: SampleOptions) {
    const seconds: number[] = [];
    const fewest = newTokens / (options.blockLength ?? newTokens);
    let result = await written(predictor(), { ...options, steps: fewest });
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      result = await written(predictor(), options);
      seconds.push(result.stats.ms / 1000);
    }
    const { tokens } = result.last;
    return { tokens, stats: result.stats, seconds: median(seconds), minSeconds: Math.min(...seconds) };
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function report(
  name: string,
  {
    stats,
    seconds,
    minSeconds,
  }: { stats: { forwards: number; tokensPerForward: number }; seconds: number; minSeconds: number },
): void {
  const { forwards, tokensPerForward } = stats;
  if (values.json) console.log(JSON.stringify({ name, seconds, minSeconds, forwards, tokensPerForward }));
  else
    console.log(
      `${name}: ${seconds.toFixed(1)} s (${minSeconds.toFixed(1)} at least), ${forwards} forwards, ` +
        `${tokensPerForward.toFixed(1)} tokens a forward, ${(newTokens / seconds).toFixed(0)} tokens/s`,
    );
}
