import { z } from 'zod';
import { type NoiseSchedule, schedules } from '../diffusion/schedule.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { type CachePolicy, delayedCache, dualCache, prefixCache } from './cache.ts';
import { alignedBlocks, blocksFromFirstMask } from './canvas.ts';
import { dreamCounts, evenly, following, type RevealCounts } from './reveal-counts.ts';
import { type DecodeOptions, decoder } from './decode.ts';
import { growing } from './growth.ts';
import { uniformNoise } from './noise.ts';
import type { SampleOptions } from './sample.ts';
import { annealedTemperature } from './self-conditioning.ts';
import {
  strategiesFor,
  strategiesUsing,
  strategyNamed,
  strategyNames,
  strategyOptions,
} from './strategy-table.ts';

const cacheNames = ['none', 'prefix', 'dual', 'delayed', 'exact'] as const;
const countNames = ['even', 'schedule', 'dream'] as const;
const scheduleNames = Object.keys(schedules) as [keyof typeof schedules, ...(keyof typeof schedules)[]];

/**
 * What a person may ask of a sample, by flag, file or HTTP body. This is the only list: help, validation and the
 * studio's form are made from it.
 */
export const samplingSchema = z.strictObject({
  length: z.int().min(1).default(128).describe('tokens to write'),
  steps: z
    .int()
    .min(1)
    .optional()
    .describe(
      'reverse steps for the whole text, shared out among its blocks; fewer is faster and rougher [one a token]',
    ),
  stepsPerBlock: z
    .int()
    .min(1)
    .optional()
    .describe('reverse steps for each semi-autoregressive block, instead of steps'),
  blockLength: z
    .int()
    .min(1)
    .optional()
    .describe('tokens a semi-autoregressive block; the last may be shorter [one block]'),
  blockCausal: z
    .boolean()
    .optional()
    .describe(
      'for a model that was trained in blocks (BD3-LM, LLaDA2): a block sees itself and those before it, and begins at a multiple of blockLength, prompt or not [as the model was trained, where its config says so]',
    ),
  temperature: z.number().min(0).default(0).describe('0 takes the likeliest token, 1 samples the model'),
  confidenceOf: z
    .enum(['drawn', 'likeliest'])
    .default('drawn')
    .describe(
      'how sure a position is: as its drawn token, or as the likeliest one, by which the text is exactly as likely as unmask score --sampler says',
    ),
  strategy: z.enum(strategyNames).default('low-confidence').describe('which predicted tokens a step keeps'),
  tau: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'for the strategies threshold and hierarchical: keep what is at least this sure [0.9]; for threshold-or-count and editing: surer than this [0.95]',
    ),
  tauLow: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('for the strategy hierarchical: keep the surest of each run of masks above this [0.4]'),
  factor: z
    .number()
    .min(0)
    .optional()
    .describe('for the strategy factor: keep n tokens while the n-th is at least 1 - factor/(n+1) sure [1]'),
  entropyBound: z
    .number()
    .min(0)
    .optional()
    .describe(
      'for the strategies entropy-bound and renoising: keep tokens up to this many nats of entropy [0.1]',
    ),
  finalTemperature: z
    .number()
    .gt(0)
    .optional()
    .describe('for the strategy renoising: the temperature of the last step [as temperature]'),
  stability: z
    .int()
    .min(0)
    .optional()
    .describe('for the strategy renoising: a block is done once it stayed the same for so many steps … [1]'),
  confidence: z
    .number()
    .gt(0)
    .optional()
    .describe('for the strategy renoising: … with fewer nats of entropy a token than this [0.005]'),
  tauEdit: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('for the strategy editing: change a token where another one is surer than this [0.9]'),
  least: z
    .int()
    .min(1)
    .optional()
    .describe('for the strategy editing: reveal at least so many masks a step [1]'),
  corrections: z
    .int()
    .min(1)
    .optional()
    .describe('for the strategy editing: at most so many steps a block once nothing is masked [16]'),
  eta: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'for the strategies remdm-cap, remdm-rescale and remdm-loop: how likely a token is masked again in a step [0.008, 0.015 (of the most possible), 0.02]',
    ),
  loopFrom: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('for the strategy remdm-loop: the time when the noise schedule stands still [0.55]'),
  loopUntil: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('for the strategy remdm-loop: the time when it goes on [0.05]'),
  loopAlpha: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('for the strategy remdm-loop: the share of tokens that stand meanwhile [0.9]'),
  schedule: z
    .enum(scheduleNames)
    .default('linear')
    .describe('noise schedule: how many tokens stand at which step'),
  counts: z
    .enum(countNames)
    .optional()
    .describe(
      'tokens a step, for strategies with a count: even, as the schedule has it, or as Dream counts [even; with another schedule than linear, schedule]',
    ),
  topK: z.int().min(1).optional().describe('take only the k likeliest tokens [all]'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('take only the likeliest tokens that make up this probability'),
  regex: z
    .string()
    .min(1)
    .optional()
    .meta({ placeholder: 'pattern' })
    .describe('what is written matches this regular expression of JavaScript as a whole'),
  jsonSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('what is written is JSON that this schema admits'),
  banned: z.array(z.int().min(0)).optional().describe('the id of a token that is never written'),
  guidance: z
    .number()
    .min(0)
    .default(0)
    .describe('classifier-free guidance: how much more the given text counts; twice the forwards'),
  cache: z
    .enum(cacheNames)
    .optional()
    .describe(
      'what is computed once and remembered: all before the block, all outside it, or tokens that have stood for a step (approximate); or what a causal model never changes (exact) [exact where possible, else none]',
    ),
  cacheRefresh: z
    .int()
    .min(1)
    .optional()
    .describe(
      'for the caches dual and delayed: compute everything after so many forwards [each block; never]',
    ),
  reportCache: z
    .boolean()
    .default(false)
    .describe('measure how far the cache strays from the text without it, which is written too'),
  seed: z.int().min(0).optional().describe('same seed, same text'),
  endless: z.boolean().default(false).describe('never write an end token'),
  endLast: z.boolean().default(false).describe('decide end tokens last, when all other tokens stand'),
  grow: z
    .boolean()
    .default(false)
    .describe(
      'write block after block until the text ends; length is then the most [what fits into the model], and steps are those of a block',
    ),
  stopRepeating: z
    .boolean()
    .default(true)
    .describe(
      'grow no further where of the last 128 tokens fewer than half the phrases of four are different',
    ),
  stopEarly: z.boolean().default(true).describe('stop once everything up to the end token is certain'),
});

/** What a person may ask of filling holes: how long they are is said in the text, and the steps follow from that. */
export const fillingSchema = samplingSchema
  .omit({
    length: true,
    steps: true,
    grow: true,
    stopRepeating: true,
    blockCausal: true,
    reportCache: true,
  })
  .extend({
    stepsPerBlock: samplingSchema.shape.stepsPerBlock.describe(
      'of a model that writes in stretches of its own (DiffusionGemma): reverse steps for each',
    ),
    blockLength: z
      .int()
      .min(1)
      .optional()
      .describe(
        "tokens a semi-autoregressive block, counted over the holes [the model's own; else one block]",
      ),
    tokensPerStep: z
      .int()
      .min(1)
      .default(1)
      .describe('tokens that a step reveals; more is faster and rougher'),
    expand: z
      .boolean()
      .optional()
      .describe(
        'finds unknown lengths by the expand and delete tokens of the model [if it has them]; without, by likelihood',
      ),
    complete: z
      .boolean()
      .default(false)
      .describe('nothing follows the text: the model sees its end token behind it'),
  });

/** What a person may ask to be shown of a sample. The text is the same with it and without. */
export const showingSchema = z.strictObject({
  candidates: z
    .int()
    .min(0)
    .max(8)
    .default(0)
    .describe('shows so many of the likeliest tokens of each position that a step predicts'),
});

/** A person's wishes for holes, checked. */
export type FillingOptions = z.output<typeof fillingSchema>;

/** A person's wishes, checked. */
export type SamplingOptions = z.output<typeof samplingSchema>;

/** What holds where nothing is said. */
const samplingDefaults: SamplingOptions = samplingSchema.parse({});

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
  const { steps, stepsPerBlock, blockLength, seed, banned = [], endless, endLast, stopEarly } = asked;
  requireUse(asked);
  const beyond = banned.find((id) => id >= size);
  if (beyond !== undefined) {
    throw new InvalidOptionError('banned', `must be ids of the tokenizer, which has ${size}`, beyond);
  }
  if ((endless || endLast) && endIds.length === 0) {
    const option = endless ? 'endless' : 'endLast';
    throw new InvalidOptionError(option, 'needs a tokenizer with an end token, and this one has none', true);
  }
  if (endless && endLast) {
    throw new InvalidOptionError('endLast', 'has no use with endless, which forbids end tokens', endLast);
  }
  for (const option of ['blockCausal', 'reportCache', 'regex', 'jsonSchema'] as const) {
    if (asked.grow && asked[option]) {
      const problem = "can't be used with grow: it is about a canvas that has its length";
      throw new InvalidOptionError(option, problem, asked[option]);
    }
  }
  if (!asked.grow && !asked.stopRepeating) {
    throw new InvalidOptionError('stopRepeating', 'has a use with grow alone', asked.stopRepeating);
  }
  const schedule: NoiseSchedule = schedules[asked.schedule];
  if (asked.blockCausal && blockLength === undefined) {
    throw new InvalidOptionError(
      'blockCausal',
      'needs blockLength, the blocks that the model was trained in',
      true,
    );
  }
  const counts: Record<(typeof countNames)[number], RevealCounts> = {
    even: evenly,
    schedule: following(schedule),
    dream: dreamCounts,
  };
  return {
    maskId,
    steps,
    stepsPerBlock,
    blockLength: asked.grow ? undefined : blockLength, // the canvas begins with one block
    grow: asked.grow
      ? growing({
          blockLength: blockLength ?? asked.length,
          length: asked.length,
          endIds,
          repeats: !asked.stopRepeating,
        })
      : undefined,
    layout: asked.blockCausal ? alignedBlocks : noise === 'uniform' ? blocksFromFirstMask : undefined,
    noise: noise === 'uniform' ? uniformNoise(size) : undefined,
    strategy: strategyNamed(asked.strategy).make(asked, schedule),
    counts: counts[asked.counts ?? (asked.schedule === 'linear' ? 'even' : 'schedule')],
    decode: decoder(toDecodeOptions(asked, vocabulary)),
    seed,
    endIds: stopEarly ? endIds : [],
  };
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

/** @throws InvalidOptionError  for what the chosen strategy has no use for */
function requireUse(asked: SamplingOptions): void {
  const { uses } = strategyNamed(asked.strategy);
  for (const option of strategyOptions) {
    const value = asked[option];
    const isAsked = value !== undefined && value !== samplingDefaults[option];
    if (!isAsked || uses.includes(option)) continue;
    const users = strategiesUsing(option);
    const which = users.length === 1 ? 'strategy' : 'strategies';
    throw new InvalidOptionError(
      option,
      `is for the ${which} ${users.join(', ')}, not for ${asked.strategy}`,
      value,
    );
  }
}

/** @throws InvalidOptionError  for what can't be asked of a model with this noise */
function requireNoiseFor(asked: SamplingOptions, noise: Vocabulary['noise']): void {
  const { strategy, temperature, guidance } = asked;
  const isUniform = noise === 'uniform';
  const fitting = strategiesFor(noise);
  if (!fitting.includes(strategy)) {
    const whose = isUniform ? 'a model whose noise is random tokens' : 'a model whose noise is [MASK]';
    throw new InvalidOptionError('strategy', `must be ${fitting.join(' or ')} for ${whose}`, strategy);
  }
  if (!isUniform) return;
  if (temperature === 0)
    throw new InvalidOptionError('temperature', 'must be above 0 for the strategy renoising', temperature);
  const others = { guidance: guidance || undefined, cache: asked.cache === 'none' ? undefined : asked.cache };
  const { blockCausal, grow, regex, jsonSchema, confidenceOf } = asked;
  for (const [option, value] of Object.entries({
    ...others,
    confidenceOf: confidenceOf === 'drawn' ? undefined : confidenceOf,
    blockCausal: blockCausal || undefined,
    grow: grow || undefined,
    regex,
    jsonSchema,
  }))
    if (value !== undefined)
      throw new InvalidOptionError(option, 'needs a model whose noise is [MASK]', value);
}

/** The temperature of predictions at t, for a strategy that has it in the predictor. */
export const temperatureOf = ({ temperature, finalTemperature = temperature }: SamplingOptions) =>
  annealedTemperature(temperature, finalTemperature);

/** How tokens are taken from logits. */
export function toDecodeOptions(
  { strategy, temperature, topK, topP, banned = [], endless, endLast, confidenceOf }: SamplingOptions,
  { maskId, endIds, size }: Vocabulary,
): DecodeOptions {
  return {
    // renoising has its temperature in the predictor
    temperature: strategyNamed(strategy).noise === 'uniform' ? 1 : temperature,
    forbidden: [maskId, ...banned, ...(endless ? endIds : [])],
    deferred: endLast ? endIds : [],
    topK,
    topP,
    confidenceOf,
    vocabularySize: size,
  };
}
