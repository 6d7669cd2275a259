import { decodeGreedy, greedy, isGreedy } from './greedy-reduction.ts';
import type { GenerateRequest } from './language-model.ts';
import { causal } from '../model/attention-pattern.ts';
import type { Network } from '../model/network.ts';
import { blockCausal, cachedNetwork, encodingPredictor, predictorOf } from './network-predictor.ts';
import { blockCausalCache, causalCache, withCache } from '../sampling/cache.ts';
import { agreementOf, probing } from '../sampling/cache-report.ts';
import { withCandidates } from '../sampling/candidates.ts';
import { maskedPositions } from '../sampling/canvas.ts';
import { compileConstraint, constrain, type Wanted } from '../sampling/constraint/constrain.ts';
import type { DecodeOptions } from '../sampling/decode.ts';
import { withGuidance } from '../sampling/guidance.ts';
import type { SamplingOptions } from '../sampling/options.ts';
import { temperatureOf, toCachePolicy, toDecodeOptions, toSampleOptions, type Vocabulary } from '../sampling/from-options.ts';
import type { MaskPredictor } from '../sampling/predictor.ts';
import { type Frame, sample, type SampleOptions } from '../sampling/sample.ts';
import { withSelfConditioning, withTemperature } from '../sampling/self-conditioning.ts';
import { countForwards, drain } from '../sampling/stats.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** How a network's canvases are written. */
export type Sampler = ReturnType<typeof createSampler>;

/**
 * Puts together what a sample of a network is made of: its decoding, its predictor with cache and guidance, its loop.
 *
 * @param startId  what a causal network reads before every text, if it was trained so
 */
export function createSampler(
  network: Network,
  tokenizer: Tokenizer,
  vocabularyOf: Vocabulary,
  startId?: number,
) {
  const { config } = network;
  const { maskId } = vocabularyOf;
  const isCausal = config.attention === causal;
  const reductionOf = latest((options: DecodeOptions) => greedy(config.vocabularySize, options));
  const compile = latest((wanted: Wanted) => compileConstraint(wanted, tokenizer));

  /** How a canvas is sampled, by options that were checked; `adapt` may change what they became. */
  function prepare(
    canvas: Int32Array,
    options: SamplingOptions,
    {
      ends = vocabularyOf.endIds,
      adapt = (same) => same,
      candidates = 0,
      signal,
    }: {
      ends?: readonly number[];
      adapt?: (options: SampleOptions) => SampleOptions;
      candidates?: number;
      signal?: AbortSignal;
    },
  ) {
    const { blockLength } = options;
    const vocabulary = { ...vocabularyOf, endIds: ends };
    const decoding = toDecodeOptions(options, vocabulary);
    const named = toSampleOptions(options, vocabulary);
    const plain = adapt(named);
    const setting = { canvas, maskId, endIds: ends, strategy: plain.strategy, compile };
    const constrained = constrain(options, decoding, setting);
    // at temperature 0 the logits needn't leave the device; guidance wants two of them, a report, a constraint and candidates all
    const isReduced =
      isGreedy(decoding) &&
      options.guidance === 0 &&
      !options.reportCache &&
      !constrained &&
      candidates === 0 &&
      plain.decode === named.decode;
    const decode = constrained ?? (isReduced ? decodeGreedy : plain.decode!);
    const shown = candidates === 0 ? decode : withCandidates(decode, candidates, decoding);
    const sampling = { ...plain, decode: shown, signal };

    const sees = options.blockCausal && blockLength ? blockCausal(blockLength) : undefined;
    const how = { isCausal, startId, sees, reduce: isReduced ? reductionOf(decoding) : undefined };
    const exact = isCausal ? causalCache : sees && blockCausalCache(blockLength!);
    const policy = toCachePolicy(options, { maskId, exact });
    const uncached = predictorOf(network, how);
    const predictor = (): MaskPredictor => {
      if (config.encoderAttention) {
        const tempered = withTemperature(encodingPredictor(network), temperatureOf(options));
        return config.selfConditioning ? withSelfConditioning(tempered) : tempered;
      }
      return policy ? withCache(cachedNetwork(network, how), policy) : uncached;
    };
    /** The frames by a predictor, and by one for the blind half of guidance, which remembers another canvas. */
    const write = (predict: MaskPredictor, unconditional: MaskPredictor) =>
      sample(withGuidance(predict, { w: options.guidance, canvas, maskId, unconditional }), canvas, sampling);
    return { canvas, options, uncached, predictor, write };
  }

  /** Reads a sample to its end; the time of whoever watches doesn't count. */
  async function finish(
    { canvas, options, uncached, predictor, write }: ReturnType<typeof prepare>,
    onFrame: GenerateRequest['onFrame'],
  ): ReturnType<typeof drain> {
    let elsewhereMs = 0;
    const elsewhere = async <T>(work: () => T): Promise<Awaited<T>> => {
      const start = performance.now();
      const done = await work();
      elsewhereMs += performance.now() - start;
      return done;
    };
    const conditional = countForwards(predictor());
    const unconditional = countForwards(predictor());
    const probes = options.reportCache
      ? probing(conditional.predict, (...asked) => elsewhere(() => uncached(...asked)))
      : undefined;
    const frames = write(probes?.predict ?? conditional.predict, unconditional.predict);
    const watched = async function* (): AsyncGenerator<Frame> {
      for await (const frame of frames) {
        const goesOn = await elsewhere(() => onFrame?.(frame));
        yield frame;
        if (goesOn === false) return;
      }
    };
    const { last, stats } = await drain(watched(), {
      forwards: () => conditional.forwards() + unconditional.forwards(),
      clock: () => performance.now() - elsewhereMs,
    });
    if (!probes) return { last, stats };

    let other = canvas;
    for await (const frame of write(uncached, uncached)) other = frame.tokens;
    const agreement = agreementOf(last.tokens, other, maskedPositions(canvas, maskId));
    return { last, stats: { ...stats, cache: { agreement, ...probes.probed() } } };
  }

  return { prepare, finish };
}

/** A function that gives the same answer to the same question, as long as no other comes between. */
function latest<Q, A>(answer: (question: Q) => A): (question: Q) => A {
  let known: { readonly key: string; readonly answer: A } | undefined;
  return (question) => {
    const key = JSON.stringify(question);
    if (known?.key !== key) known = { key, answer: answer(question) };
    return known.answer;
  };
}
