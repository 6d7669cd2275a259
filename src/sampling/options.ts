import { z } from 'zod';
import { type Schedule, schedules } from '../diffusion/schedule.ts';
import { InvalidOptionError } from '../errors.ts';
import { blocksFromFirstMask } from './canvas.ts';
import { dream, evenly, following, type RevealCounts } from './counts.ts';
import { type DecodeOptions, decoder } from './decode.ts';
import { uniformNoise } from './noise.ts';
import { renoising } from './renoising.ts';
import type { SampleOptions } from './sample.ts';
import { annealed } from './self-conditioning.ts';
import {
  ancestral,
  entropy,
  entropyBound,
  factor,
  firstHitting,
  hierarchical,
  lowConfidence,
  margin,
  random,
  type Selection,
  threshold,
  unmasking,
} from './strategies.ts';

export const strategyNames = [
  'low-confidence',
  'margin',
  'entropy',
  'random',
  'ancestral',
  'first-hitting',
  'threshold',
  'factor',
  'entropy-bound',
  'hierarchical',
  'renoising',
] as const;
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
    .describe('reverse steps, a multiple of the number of blocks; fewer is faster and rougher [one a token]'),
  stepsPerBlock: z
    .int()
    .min(1)
    .optional()
    .describe('reverse steps for each semi-autoregressive block, instead of steps'),
  blockLength: z
    .int()
    .min(1)
    .optional()
    .describe('tokens a semi-autoregressive block; divides length [one block]'),
  temperature: z.number().min(0).default(0).describe('0 takes the likeliest token, 1 samples the model'),
  strategy: z.enum(strategyNames).default('low-confidence').describe('which predicted tokens a step keeps'),
  tau: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('for the strategies threshold and hierarchical: keep what is at least this sure [0.9]'),
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
  banned: z.array(z.int().min(0)).optional().describe('the id of a token that is never written'),
  guidance: z
    .number()
    .min(0)
    .default(0)
    .describe('classifier-free guidance: how much more the given text counts; twice the forwards'),
  seed: z.int().min(0).optional().describe('same seed, same text'),
  endless: z.boolean().default(false).describe('never write an end token'),
  endLast: z.boolean().default(false).describe('decide end tokens last, when all other tokens stand'),
  stopEarly: z.boolean().default(true).describe('stop once everything up to the end token is certain'),
});

/** The numbers that only some strategies have a use for. */
const parameters = {
  tau: ['threshold', 'hierarchical'],
  tauLow: ['hierarchical'],
  factor: ['factor'],
  entropyBound: ['entropy-bound', 'renoising'],
  finalTemperature: ['renoising'],
  stability: ['renoising'],
  confidence: ['renoising'],
} as const;

/** The strategies that can't tell noise from a token, and need not; all others look for [MASK]. */
const forUniformNoise: ReadonlySet<string> = new Set(['renoising']);

/** The names of the strategies for a model with this noise. */
export const strategiesFor = (noise: Vocabulary['noise']): SamplingOptions['strategy'][] =>
  strategyNames.filter((name) => forUniformNoise.has(name) === (noise === 'uniform'));

/** A person's wishes, checked. */
export type SamplingOptions = z.output<typeof samplingSchema>;

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
 * From names to functions: the only table of them. `length` makes the canvas and `guidance` wraps the predictor
 * (`layCanvas`, `withGuidance`), before `sample` is called; all else is here.
 *
 * @throws InvalidOptionError  for an option that the chosen strategy, schedule or vocabulary has no use for
 */
export function toSampleOptions(asked: SamplingOptions, vocabulary: Vocabulary): SampleOptions {
  const { maskId, endIds, size, noise } = vocabulary;
  requireNoiseFor(asked, noise);
  const { steps, stepsPerBlock, blockLength, seed, banned = [], endless, endLast, stopEarly } = asked;
  for (const option of Object.keys(parameters) as (keyof typeof parameters)[]) {
    const strategies: readonly string[] = parameters[option];
    if (asked[option] !== undefined && !strategies.includes(asked.strategy)) {
      const problem = `is for the strategy ${strategies.join(' or ')}, not for ${asked.strategy}`;
      throw new InvalidOptionError(option, problem, asked[option]);
    }
  }
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
  const schedule: Schedule = schedules[asked.schedule];
  const { tau = 0.9, tauLow = 0.4 } = asked;
  const selections: Record<Exclude<SamplingOptions['strategy'], 'renoising'>, Selection> = {
    'low-confidence': lowConfidence,
    margin,
    entropy,
    random,
    ancestral: ancestral(schedule),
    'first-hitting': firstHitting,
    threshold: threshold(tau),
    factor: factor(asked.factor ?? 1),
    'entropy-bound': entropyBound(asked.entropyBound ?? 0.1),
    hierarchical: hierarchical(tau, tauLow),
  };
  const strategy =
    asked.strategy === 'renoising'
      ? renoising({
          bound: asked.entropyBound ?? 0.1,
          stability: asked.stability ?? 1,
          confidence: asked.confidence ?? 0.005,
        })
      : unmasking(selections[asked.strategy]);
  const counts: Record<(typeof countNames)[number], RevealCounts> = {
    even: evenly,
    schedule: following(schedule),
    dream,
  };
  return {
    maskId,
    steps,
    stepsPerBlock,
    blockLength,
    ...(noise === 'uniform' && { noise: uniformNoise(size), layout: blocksFromFirstMask }),
    strategy,
    counts: counts[asked.counts ?? (asked.schedule === 'linear' ? 'even' : 'schedule')],
    decode: decoder(toDecodeOptions(asked, vocabulary)),
    seed,
    endIds: stopEarly ? endIds : [],
  };
}

/** @throws InvalidOptionError  for what can't be asked of a model with this noise */
function requireNoiseFor(
  { strategy, temperature, guidance }: SamplingOptions,
  noise: Vocabulary['noise'],
): void {
  const isUniform = noise === 'uniform';
  const fitting = strategiesFor(noise);
  if (!fitting.includes(strategy)) {
    const whose = isUniform ? 'a model whose noise is random tokens' : 'a model whose noise is [MASK]';
    throw new InvalidOptionError('strategy', `must be ${fitting.join(' or ')} for ${whose}`, strategy);
  }
  if (!isUniform) return;
  if (temperature === 0)
    throw new InvalidOptionError('temperature', 'must be above 0 for the strategy renoising', temperature);
  if (guidance !== 0)
    throw new InvalidOptionError('guidance', 'needs a model whose noise is [MASK]', guidance);
}

/** The temperature of predictions at t, for a strategy that has it in the predictor. */
export const temperatureOf = ({ temperature, finalTemperature = temperature }: SamplingOptions) =>
  annealed(temperature, finalTemperature);

/** How tokens are taken from logits. */
export function toDecodeOptions(
  { strategy, temperature, topK, topP, banned = [], endless, endLast }: SamplingOptions,
  { maskId, endIds, size }: Vocabulary,
): DecodeOptions {
  return {
    temperature: forUniformNoise.has(strategy) ? 1 : temperature,
    forbidden: [maskId, ...banned, ...(endless ? endIds : [])],
    deferred: endLast ? endIds : [],
    topK,
    topP,
    vocabularySize: size,
  };
}
