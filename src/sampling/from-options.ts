import { checkIds } from '../base/check-ids.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { type CachePolicy, delayedCache, dualCache, prefixCache } from './cache.ts';
import { alignedBlocks, blocksFromFirstMask } from './canvas.ts';
import { type DecodeOptions, decoder } from './decode.ts';
import { type Grow, growing } from './growth.ts';
import { uniformNoise } from './noise.ts';
import type { SamplingOptions } from './options.ts';
import { dreamCounts, evenly, following, type RevealCounts } from './reveal-counts.ts';
import type { SampleOptions } from './sample.ts';
import { annealedTemperature } from './self-conditioning.ts';
import { type AnyStrategyOptions, isOwnStrategy, makeStrategy, strategiesFor } from './strategy-table.ts';

/** What sampling must know of a model's ids. */
export interface Vocabulary {
  readonly maskId: number;
  /** Tokens that end a text: the end of text, the end of a turn. */
  readonly endIds: readonly number[];
  /** Ids of the tokenizer; rows of the network beyond them mean nothing. */
  readonly size: number;
  /** What a lost token becomes, where that isn't [MASK]: any token. Then `maskId` only says where text is wanted. */
  readonly noise?: 'uniform';
}

/**
 * From names to functions. `length` makes the canvas, `guidance` and `cache` wrap the predictor,
 * and `regex` and `jsonSchema` take the place of `decode` (`layCanvas`, `withGuidance`, `toCachePolicy`, `constrain`),
 * before `sample` is called; all else is here.
 *
 * @throws InvalidOptionError  for an option that the chosen strategy, schedule or vocabulary has no use for
 */
export function toSampleOptions(asked: SamplingOptions, vocabulary: Vocabulary): SampleOptions {
  const { maskId, endIds, size, noise } = vocabulary;
  requireNoiseFor(asked, noise);
  checkTokens(asked, vocabulary);
  checkLength(asked);
  const { steps, stepsPerBlock, blockLength, blockCausal, grow, seed, stopEarly } = asked;
  return {
    maskId,
    steps,
    stepsPerBlock,
    blockLength: grow && !blockCausal ? undefined : blockLength, // the canvas begins with one block
    grow: grow ? growthOf(asked, endIds) : undefined,
    layout: blockCausal ? alignedBlocks : noise === 'uniform' ? blocksFromFirstMask : undefined,
    noise: noise === 'uniform' ? uniformNoise(size) : undefined,
    strategy: makeStrategy(asked),
    counts: countsOf(asked),
    decode: decoder(toDecodeOptions(asked, vocabulary)),
    seed,
    endIds: stopEarly ? endIds : [],
  };
}

const growthOf = (
  { length, blockLength = length, stopRepeating }: SamplingOptions,
  endIds: readonly number[],
): Grow => growing({ blockLength, length, endIds, repeats: !stopRepeating });

/** @throws InvalidOptionError  for what can't be asked of these tokens */
function checkTokens({ banned = [], endless, endLast }: SamplingOptions, { endIds, size }: Vocabulary): void {
  checkIds(banned, size, 'banned');
  if ((endless || endLast) && endIds.length === 0) {
    const option = endless ? 'endless' : 'endLast';
    throw new InvalidOptionError(option, 'needs a tokenizer with an end token, and this one has none', true);
  }
  if (endless && endLast) {
    throw new InvalidOptionError('endLast', 'has no use with endless, which forbids end tokens', endLast);
  }
}

/** @throws InvalidOptionError  for what doesn't go with a text that grows, or doesn't, and for blocks without a length */
function checkLength(asked: SamplingOptions): void {
  for (const option of ['reportCache', 'regex', 'jsonSchema'] as const) {
    if (asked.grow && asked[option]) {
      const problem = "can't be used with grow: it is about a canvas that has its length";
      throw new InvalidOptionError(option, problem, asked[option]);
    }
  }
  if (!asked.grow && !asked.stopRepeating) {
    throw new InvalidOptionError('stopRepeating', 'has a use with grow alone', asked.stopRepeating);
  }
  if (asked.blockCausal && asked.blockLength === undefined) {
    const problem = 'needs blockLength, the blocks that the model was trained in';
    throw new InvalidOptionError('blockCausal', problem, true);
  }
}

/**
 * The cache that is asked for, if any.
 *
 * @param exact  what this network can remember without an error: of a causal or a block-causal one
 * @throws InvalidOptionError  for a cache that the network can't have, and for what the chosen cache has no use for
 */
export function toCachePolicy(
  asked: SamplingOptions,
  { maskId, exact }: { maskId: number; exact?: CachePolicy },
): CachePolicy | undefined {
  const { cache = exact ? 'exact' : 'none', cacheRefresh, reportCache } = asked;
  const policies: Record<typeof cache, CachePolicy | undefined> = {
    none: undefined,
    prefix: prefixCache,
    dual: dualCache(cacheRefresh),
    delayed: delayedCache(maskId, cacheRefresh),
    exact,
  };
  if (cache === 'exact' && !exact) {
    const problem =
      'can be exact only where nothing is seen of what comes later: of a causal or a block-causal model';
    throw new InvalidOptionError('cache', problem, cache);
  }
  if (cacheRefresh !== undefined && cache !== 'dual' && cache !== 'delayed') {
    throw new InvalidOptionError(
      'cacheRefresh',
      `is for the cache dual or delayed, not for ${cache}`,
      cacheRefresh,
    );
  }
  if (reportCache && cache === 'none') {
    throw new InvalidOptionError('reportCache', 'needs a cache: prefix, dual, delayed or exact', reportCache);
  }
  return policies[cache];
}

/** @throws InvalidOptionError  for what can't be asked of a model with this noise */
function requireNoiseFor(asked: SamplingOptions, noise: Vocabulary['noise']): void {
  const { strategy, temperature, guidance } = asked;
  const isUniform = noise === 'uniform';
  const fitting = strategiesFor(noise);
  if (!isOwnStrategy(strategy) && !fitting.includes(strategy)) {
    const whose = isUniform ? 'a model whose noise is random tokens' : 'a model whose noise is [MASK]';
    throw new InvalidOptionError('strategy', `must be ${fitting.join(' or ')} for ${whose}`, strategy);
  }
  if (!isUniform) return;
  if (temperature === 0)
    throw new InvalidOptionError(
      'temperature',
      'must be above 0 for a model whose noise is random tokens',
      temperature,
    );
  const others = { guidance: guidance || undefined, cache: asked.cache === 'none' ? undefined : asked.cache };
  const { blockCausal, grow, regex, jsonSchema, confidenceOf } = asked;
  for (const [option, value] of Object.entries({
    ...others,
    confidenceOf: confidenceOf === 'drawn' ? undefined : confidenceOf,
    blockCausal: blockCausal || undefined,
    frequencyPenalty: asked.frequencyPenalty || undefined,
    presencePenalty: asked.presencePenalty || undefined,
    repetitionPenalty: asked.repetitionPenalty === 1 ? undefined : asked.repetitionPenalty,
    grow: grow || undefined,
    regex,
    jsonSchema,
  }))
    if (value !== undefined)
      throw new InvalidOptionError(option, 'needs a model whose noise is [MASK]', value);
}

/** The tokens of each step, for a strategy that reveals what the plan has for it. */
function countsOf(asked: SamplingOptions): RevealCounts | undefined {
  if (!('counts' in asked || 'schedule' in asked)) return undefined;
  const { counts, schedule = 'linear' }: AnyStrategyOptions = asked;
  const byName = { even: evenly, schedule: following(noiseSchedules[schedule]), dream: dreamCounts };
  return byName[counts ?? (schedule === 'linear' ? 'even' : 'schedule')];
}

/** The temperature of predictions at t, for a strategy that has it in the predictor. */
export function temperatureOf(asked: SamplingOptions): (t: number) => number {
  const last = asked.strategy === 'renoising' ? asked.finalTemperature : undefined;
  return annealedTemperature(asked.temperature, last ?? asked.temperature);
}

/** How tokens are taken from logits. */
export function toDecodeOptions(
  { temperature, topK, topP, minP, typicalP, banned = [], endless, endLast, confidenceOf }: SamplingOptions,
  { maskId, endIds, size, noise }: Vocabulary,
): DecodeOptions {
  return {
    // where noise is random tokens the predictor has the temperature
    temperature: noise === 'uniform' ? 1 : temperature,
    forbidden: [maskId, ...banned, ...(endless ? endIds : [])],
    deferred: endLast ? endIds : [],
    topK,
    topP,
    minP,
    typicalP,
    confidenceOf,
    vocabularySize: size,
  };
}
