import { InvalidOptionError } from '../base/errors.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import type { Network } from '../model/network.ts';
import { blockCausalCache, type CachePolicy, causalCache, withCache } from '../sampling/cache.ts';
import { agreementOf, probing } from '../sampling/cache-report.ts';
import { withCandidates } from '../sampling/candidates.ts';
import { maskedPositions } from '../sampling/canvas.ts';
import { type CompileConstraint, constrain, possibleLengths } from '../sampling/constraint/constrain.ts';
import type { Language } from '../sampling/constraint/language.ts';
import { type DecodeOptions, decoder } from '../sampling/decode.ts';
import {
  temperatureOf,
  toCachePolicy,
  toDecodeOptions,
  toSampleOptions,
  type Vocabulary,
} from '../sampling/from-options.ts';
import { withGuidance } from '../sampling/guidance.ts';
import { type SamplingOptions, usualDoubt } from '../sampling/options.ts';
import { isPenalised, type Penalties, withPenalties } from '../sampling/penalties.ts';
import type { MaskPredictor } from '../sampling/predictor.ts';
import { type Frame, sample, type SampleOptions } from '../sampling/sample.ts';
import { withSelfConditioning, withTemperature } from '../sampling/self-conditioning.ts';
import { type Speculation, withSpeculation } from '../sampling/speculation.ts';
import { type CountedPredictor, countForwards, drain } from '../sampling/stats.ts';
import { causal } from '../model/attention-pattern.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { decodeGreedy, greedy, isGreedy } from './greedy-reduction.ts';
import type { GenerateRequest } from './language-model.ts';
import { withMemory, withSharedMemory } from './memory-of-answers.ts';
import {
  branchingNetwork,
  causalBlocks,
  cachedNetwork,
  encodingPredictor,
  predictorOf,
  type PredictorOptions,
} from './network-predictor.ts';
import { networkScorer } from './network-scorer.ts';
import { revised, type Revision } from './revision.ts';

/** What a request says of a sample, beside the options. */
export interface SampleSettings {
  /** Tokens that end the text. Default: the vocabulary's. */
  readonly ends?: readonly number[];
  /** May change what the options became. */
  readonly adapt?: (options: SampleOptions) => SampleOptions;
  /** How many of the likeliest tokens frames have for each position that was predicted. Default: 0. */
  readonly candidates?: number;
  /** In which what is written has to be. */
  readonly language?: Language;
  /** Added to the logits of some tokens, by id. */
  readonly logitBias?: Penalties['logitBias'];
  readonly signal?: AbortSignal;
}

/** A canvas that is ready to be sampled. */
export interface PreparedSample {
  readonly canvas: Int32Array;
  readonly options: SamplingOptions;
  /** Predicts without a cache. */
  readonly uncached: MaskPredictor;
  /** Makes a predictor, which belongs to one canvas where it has a memory. */
  readonly predictor: () => CountedPredictor;
  /** What reads a text again and rewrites it. */
  readonly reviser: Pick<Writers, 'whole' | 'score'>;
  readonly write: (by: Writers) => AsyncGenerator<Frame, void, void>;
}

/** What a text is written by. */
export interface Writers {
  readonly predict: MaskPredictor;
  /** The blind half of guidance, which remembers another canvas. */
  readonly unconditional: MaskPredictor;
  /** Sees all of a canvas around a mask, where a text is rewritten. */
  readonly whole: MaskPredictor;
  /** Says what tokens cost, where a text is read again. */
  readonly score: RowScorer;
}

/** Puts together what a sample of a network is made of: its decoding, its predictor with cache and guidance, its loop. */
export class Sampler {
  readonly #network: Network;
  readonly #vocabulary: Vocabulary;
  readonly #tokenizer: Tokenizer;
  readonly #startId: number | undefined;
  readonly #isCausal: boolean;
  readonly #readsWhole: boolean;
  readonly #reductionOf: (options: DecodeOptions) => ReturnType<typeof greedy>;
  readonly #compile: CompileConstraint;

  /**
   * @param startId     what a causal network reads before every text, if it was trained so
   * @param readsWhole  whether the network has learned to see all of a text around a mask
   * @param compile     makes the automata of constraints; by default here and at once
   */
  constructor(
    network: Network,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    {
      startId,
      readsWhole = false,
      compile = async (wanted) => {
        const { compileConstraint } = await import('../sampling/constraint/compile-constraint.ts');
        return compileConstraint(wanted, tokenizer);
      },
    }: {
      readonly startId?: number;
      readonly readsWhole?: boolean;
      readonly compile?: CompileConstraint;
    } = {},
  ) {
    this.#network = network;
    this.#tokenizer = tokenizer;
    this.#vocabulary = vocabulary;
    this.#startId = startId;
    this.#isCausal = network.config.attention === causal;
    this.#readsWhole = readsWhole;
    this.#reductionOf = withMemory((options) => greedy(network.config.vocabularySize, options), 1);
    this.#compile = withSharedMemory(compile, keptConstraints);
  }

  /**
   * How a canvas is sampled.
   *
   * @param canvas  given tokens, and `maskId` where it's to write   [L]
   * @throws InvalidOptionError  for options that don't go together, or that this model can't be sampled with
   */
  async prepare(
    canvas: Int32Array,
    options: SamplingOptions,
    {
      ends = this.#vocabulary.endIds,
      adapt = (same) => same,
      candidates = 0,
      language,
      logitBias,
      signal,
    }: SampleSettings,
  ): Promise<PreparedSample> {
    const vocabulary = { ...this.#vocabulary, endIds: ends };
    const { maskId } = vocabulary;
    const decoding = toDecodeOptions(options, vocabulary);
    const plain = toSampleOptions(options, vocabulary);
    const adapted = adapt(plain);
    const compile: CompileConstraint = (wanted) => this.#compile(wanted, signal);
    const setting = { canvas, maskId, endIds: ends, strategy: adapted.strategy, compile };
    if (language && (options.grow || vocabulary.noise === 'uniform')) {
      const problem = 'needs a canvas that has its length, and a model whose noise is [MASK]';
      throw new InvalidOptionError('language', problem, language);
    }
    const constrained = await constrain({ ...options, language }, decoding, setting);
    const penalties = { ...options, logitBias };
    // at temperature 0 the logits needn't leave the device; guidance wants two of them, all else that follows wants all
    const isReduced =
      isGreedy(decoding) &&
      [options.revise, options.speculate, options.guidance].every((amount) => amount === 0) &&
      !options.reportCache &&
      !constrained &&
      !isPenalised(penalties) &&
      candidates === 0 &&
      adapted.decode === plain.decode;
    if (options.revise > 0) this.#requireRevisable(constrained !== undefined);
    const decode = constrained ?? (isReduced ? decodeGreedy : adapted.decode!);
    const shown = candidates === 0 ? decode : withCandidates(decode, candidates, decoding);
    const sampling = { ...adapted, decode: shown, signal };

    const { uncached, predictor } = this.#predictors(options, { canvas, decoding, isReduced });
    const asAsked = (predict: MaskPredictor, unconditional: MaskPredictor): MaskPredictor => {
      const guided = withGuidance(predict, { w: options.guidance, canvas, maskId, unconditional });
      return withPenalties(guided, penalties, { canvas, maskId, exempt: ends });
    };
    const write: PreparedSample['write'] = ({ predict, unconditional, whole, score }) => {
      const frames = sample(asAsked(predict, unconditional), canvas, sampling);
      if (options.revise === 0) return frames;
      const rewriting = asAsked(whole, whole);
      return revised(frames, {
        ...this.#revisionOf(options, decoding, ends),
        canvas,
        score,
        write: (masked, own) => sample(rewriting, masked, { ...own, signal }),
        signal,
      });
    };
    const reviser = { whole: predictorOf(this.#network), score: networkScorer(this.#network) };
    return { canvas, options, uncached, predictor, reviser, write };
  }

  /**
   * Of how many tokens a text may be that is written in front of another and meets the constraint of these options: 1 at n
   * where it may have n   [most + 1]
   *
   * @throws UnsupportedError  for what no automaton can describe, or too large a one
   */
  async possibleLengths(
    most: number,
    options: SamplingOptions,
    { language, signal }: Pick<SampleSettings, 'language' | 'signal'>,
  ): Promise<Uint8Array> {
    const banned = [...(options.banned ?? []), ...this.#vocabulary.endIds];
    const decoding = toDecodeOptions({ ...options, banned }, this.#vocabulary);
    return possibleLengths(most, { ...options, language }, decoding, (wanted) =>
      this.#compile(wanted, signal),
    );
  }

  /** How a text is revised: its masks are written by the likeliest tokens, and none of them ends it. */
  #revisionOf(
    { revise, reviseThreshold = usualDoubt, seed }: SamplingOptions,
    { forbidden = [], ...decoding }: DecodeOptions,
    endIds: readonly number[],
  ): Pick<Revision, 'passes' | 'threshold' | 'seed' | 'maskId' | 'decode' | 'endIds' | 'tokenizer'> {
    return {
      passes: revise,
      threshold: reviseThreshold,
      seed,
      maskId: this.#vocabulary.maskId,
      decode: decoder({ ...decoding, temperature: 0, forbidden: [...forbidden, ...endIds] }),
      endIds,
      tokenizer: this.#tokenizer,
    };
  }

  /** @throws InvalidOptionError  for a text that can't be read again, or not be rewritten */
  #requireRevisable(isConstrained: boolean): void {
    const problem =
      !this.#readsWhole || this.#vocabulary.noise === 'uniform'
        ? 'needs a model that sees the whole text around a mask'
        : isConstrained
          ? "can't be where a constraint says what is written"
          : undefined;
    if (problem) throw new InvalidOptionError('revise', problem, undefined);
  }

  /** Reads a sample to its end; the time of whoever watches doesn't count. */
  async finish(
    { canvas, options, uncached, predictor, reviser, write }: PreparedSample,
    onFrame: GenerateRequest['onFrame'],
  ): ReturnType<typeof drain> {
    const clock = new WorkClock();
    const [conditional, unconditional] = [predictor(), predictor()];
    const probes = options.reportCache
      ? probing(conditional.predict, (...asked) => clock.pause(() => uncached(...asked)))
      : undefined;
    const whole = countForwards(reviser.whole);
    let read = 0;
    const score: RowScorer = (batch, signal) => {
      read += 1;
      return reviser.score(batch, signal);
    };
    const frames = write({
      predict: probes?.predict ?? conditional.predict,
      unconditional: unconditional.predict,
      whole: whole.predict,
      score,
    });
    const watched = async function* (): AsyncGenerator<Frame> {
      for await (const frame of frames) {
        const goesOn = await clock.pause(() => onFrame?.(frame));
        yield frame;
        if (goesOn === false) return;
      }
    };
    const { last, stats } = await drain(watched(), {
      forwards: () => conditional.forwards() + unconditional.forwards() + whole.forwards() + read,
      clock: () => clock.now(),
    });
    if (!probes) return { last, stats };

    let other = canvas;
    const again = { predict: uncached, unconditional: uncached, ...reviser };
    for await (const frame of write(again)) other = frame.tokens;
    const agreement = agreementOf(last.tokens, other, maskedPositions(canvas, this.#vocabulary.maskId));
    return { last, stats: { ...stats, cache: { agreement, ...probes.probed() } } };
  }

  /** @param isReduced  whether tokens are decoded on the device */
  #predictors(
    options: SamplingOptions,
    {
      canvas,
      decoding,
      isReduced,
    }: { readonly canvas: Int32Array; readonly decoding: DecodeOptions; readonly isReduced: boolean },
  ): Pick<PreparedSample, 'uncached' | 'predictor'> {
    const network = this.#network;
    const { encoderAttention, selfConditioning } = network.config;
    const blockLength = (options.blockCausal && options.blockLength) || undefined;
    const how: PredictorOptions = {
      isCausal: this.#isCausal,
      startId: this.#startId,
      blockOf: blockLength === undefined ? undefined : causalBlocks(blockLength),
      reduce: isReduced ? this.#reductionOf(decoding) : undefined,
    };
    const exact = this.#isCausal
      ? causalCache
      : blockLength === undefined
        ? undefined
        : blockCausalCache(blockLength);
    const policy: CachePolicy | undefined = toCachePolicy(options, { ...this.#vocabulary, exact });
    const uncached = predictorOf(network, how);
    const speculation = this.#speculationOf(options, blockLength, { canvas, decoding });
    const predictor = (): CountedPredictor => {
      if (speculation) return withSpeculation(branchingNetwork(network, how), speculation);
      if (encoderAttention) {
        const tempered = withTemperature(encodingPredictor(network), temperatureOf(options));
        return countForwards(selfConditioning ? withSelfConditioning(tempered) : tempered);
      }
      return countForwards(policy ? withCache(cachedNetwork(network, how), policy) : uncached);
    };
    return { uncached, predictor };
  }

  /** @throws InvalidOptionError  where there is nothing to speculate by */
  #speculationOf(
    { speculate, strategy, steps, stepsPerBlock, cache, grow, length }: SamplingOptions,
    blockLength: number | undefined,
    { canvas, decoding }: { readonly canvas: Int32Array; readonly decoding: DecodeOptions },
  ): Speculation | undefined {
    if (speculate === 0) return undefined;
    for (const [option, value] of Object.entries({ steps, stepsPerBlock }))
      if (value !== undefined)
        throw new InvalidOptionError(
          option,
          'cannot be beside speculate, which takes one token a step',
          value,
        );
    if (blockLength === undefined) {
      const problem = this.#isCausal
        ? 'is for a model of blocks, and this one is causal'
        : 'is for a model that was trained in blocks (block diffusion), and for its own blocks: leave out blockLength';
      throw new InvalidOptionError('speculate', problem, undefined);
    }
    if (strategy !== 'left-to-right')
      throw new InvalidOptionError('strategy', 'must be left-to-right for speculate', strategy);
    if ((cache ?? 'exact') !== 'exact')
      throw new InvalidOptionError('cache', 'must be exact for speculate', cache);
    const { maskId } = this.#vocabulary;
    const given = canvas.length - maskedPositions(canvas, maskId).length;
    const longest = grow ? Math.min(given + length, this.#network.config.maxLength) : canvas.length;
    return { blockLength, maskId, ahead: speculate, longest, decoding };
  }
}

/** Milliseconds of work: a clock that stands still while others are waited for. */
class WorkClock {
  #pausedMs = 0;

  now(): number {
    return performance.now() - this.#pausedMs;
  }

  async pause<T>(work: () => T): Promise<Awaited<T>> {
    const start = performance.now();
    const done = await work();
    this.#pausedMs += performance.now() - start;
    return done;
  }
}

/** Constraints whose automata are kept for the next text. */
const keptConstraints = 8;
