import { z } from 'zod';
import { type Schedule, schedules } from '../diffusion/schedule.ts';
import { InvalidOptionError } from '../errors.ts';
import { evenly, following } from './counts.ts';
import { decoder } from './decode.ts';
import type { SampleOptions } from './sample.ts';
import { ancestral, lowConfidence, random, type Strategy, threshold } from './strategies.ts';

export const strategyNames = ['low-confidence', 'random', 'ancestral', 'threshold'] as const;
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
    .describe('for the strategy threshold: keep what is at least this sure [0.9]'),
  schedule: z
    .enum(scheduleNames)
    .default('linear')
    .describe('noise schedule: how many tokens stand at which step'),
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

/** A person's wishes, checked. */
export type SamplingOptions = z.output<typeof samplingSchema>;

/** What sampling must know of a model's ids. */
export interface Vocabulary {
  readonly maskId: number;
  /** Tokens that end a text: the end of text, the end of a turn. */
  readonly endIds: readonly number[];
  /** Ids of the tokenizer; rows of the network beyond them mean nothing. */
  readonly size: number;
}

/**
 * From names to functions: the only table of them. `length` makes the canvas and `guidance` wraps the predictor
 * (`layCanvas`, `withGuidance`), before `sample` is called; all else is here.
 *
 * @throws InvalidOptionError  for an option that the chosen strategy, schedule or vocabulary has no use for
 */
export function toSampleOptions(asked: SamplingOptions, vocabulary: Vocabulary): SampleOptions {
  const { maskId, endIds, size } = vocabulary;
  const { steps, blockLength, seed, temperature, tau, endless, endLast, stopEarly } = asked;
  if (tau !== undefined && asked.strategy !== 'threshold') {
    throw new InvalidOptionError('tau', `is for the strategy threshold, not for ${asked.strategy}`, tau);
  }
  if ((endless || endLast) && endIds.length === 0) {
    const option = endless ? 'endless' : 'endLast';
    throw new InvalidOptionError(option, 'needs a tokenizer with an end token, and this one has none', true);
  }
  if (endless && endLast) {
    throw new InvalidOptionError('endLast', 'has no use with endless, which forbids end tokens', endLast);
  }
  const schedule: Schedule = schedules[asked.schedule];
  const strategies: Record<SamplingOptions['strategy'], Strategy> = {
    'low-confidence': lowConfidence,
    random,
    ancestral: ancestral(schedule),
    threshold: threshold(tau ?? 0.9),
  };
  return {
    maskId,
    steps,
    blockLength,
    strategy: strategies[asked.strategy],
    counts: asked.schedule === 'linear' ? evenly : following(schedule),
    decode: decoder({
      temperature,
      forbidden: endless ? [maskId, ...endIds] : [maskId],
      deferred: endLast ? endIds : [],
      vocabularySize: size,
    }),
    seed,
    endIds: stopEarly ? endIds : [],
  };
}
