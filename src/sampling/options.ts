import * as z from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { strategyFields } from './strategy-fields.ts';
import {
  type AnyStrategyOptions,
  isOwnStrategy,
  maxSteps,
  optionsOfStrategy,
  type OwnStrategy,
  type StrategyName,
  type StrategyOption,
  strategiesUsing,
  strategyNames,
  type StrategyOptions,
  strategyOptions,
  type StrategyRequest,
} from './strategy-table.ts';

/** Below which probability of a token its word is rewritten, where a text is revised. */
export const usualDoubt = 0.02;

const cacheNames = ['none', 'prefix', 'dual', 'delayed', 'exact'] as const;

/**
 * What a person may ask of a sample, by flag, file or HTTP body: the options of all strategies in one list. Help, validation
 * and the studio's form are made from it. `checkSampling` makes the options of one strategy of it.
 */
export const samplingSchema = z.strictObject({
  length: z.int().min(1).default(128).describe('tokens to write'),
  steps: z
    .int()
    .min(1)
    .max(maxSteps)
    .optional()
    .describe(
      'reverse steps for the whole text, shared out among its blocks; fewer is faster and rougher [one a token]',
    ),
  stepsPerBlock: z
    .int()
    .min(1)
    .max(maxSteps)
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
      'what the confidence of a position is: the probability of its sampled token, or of the likeliest one, with which the text is exactly as likely as unmask score --sampler says',
    ),
  strategy: z.enum(strategyNames).default('low-confidence').describe('which predicted tokens a step keeps'),
  ...strategyFields,
  topK: z.int().min(1).optional().describe('take only the k likeliest tokens [all]'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('take only the likeliest tokens that make up this probability'),
  minP: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('take only tokens that are at least so likely, as a share of the likeliest'),
  typicalP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'take only the tokens whose surprise is nearest to what is expected, which make up this probability',
    ),
  frequencyPenalty: z
    .number()
    .min(-10)
    .max(10)
    .default(0)
    .describe('how much less likely a token becomes by every time it was written, in nats of its logit'),
  presencePenalty: z
    .number()
    .min(-10)
    .max(10)
    .default(0)
    .describe('how much less likely a token becomes once it was written at all'),
  // beyond these logits are no numbers any more
  repetitionPenalty: z
    .number()
    .min(0.001)
    .max(1000)
    .default(1)
    .describe(
      'makes tokens of the text less likely: the logit is divided by this, or multiplied where it is below 0',
    ),
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
    .max(1000)
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
  speculate: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe(
      'self-speculative decoding, for a model of blocks that writes from left to right: so many likely continuations are computed in the same forward; the same text in fewer forwards, each of which takes longer',
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
  revise: z
    .int()
    .min(0)
    .max(16)
    .default(0)
    .describe(
      'times that the text is read once it is written, and its words that the model doubts are masked again and rewritten',
    ),
  reviseThreshold: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(
      `for revise: rewrite the words in which a token has less than this probability, given all others [${usualDoubt}]`,
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
    speculate: true,
    reportCache: true,
    revise: true,
    reviseThreshold: true,
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
      .describe('nothing follows the text: the model sees its end token after it'),
  });

/** What a person may ask to be shown of a sample. The text is the same with it and without. */
export const showingSchema = z.strictObject({
  candidates: z
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe('shows so many of the likeliest tokens of each position that a step predicts'),
});

/** Sampling options as flags and forms have them, in one list. */
export type FlatSamplingOptions = z.output<typeof samplingSchema>;
/** Options of filling holes as flags and forms have them, in one list. */
export type FlatFillingOptions = z.output<typeof fillingSchema>;

type WithStrategy<Flat> = Omit<Flat, StrategyOption | 'strategy'> & StrategyOptions;

/** What is asked of a sample, checked: the options that all strategies have, and those of one strategy. */
export type SamplingOptions = WithStrategy<FlatSamplingOptions>;

/** What is asked of filling holes, checked. */
export type FillingOptions = WithStrategy<FlatFillingOptions>;

type RequestOf<Flat> = Readonly<Partial<Omit<Flat, StrategyOption | 'strategy'>>> & StrategyRequest;

/** What a program may ask of a sample: an option that the named strategy hasn't is an error of type. */
export type SamplingRequest = RequestOf<FlatSamplingOptions>;

/** What a program may ask of filling holes. */
export type FillingRequest = RequestOf<FlatFillingOptions>;

/** What may be asked of a sample, in one list: the strategy by its name, or one of a program's own. */
export type AskedSampling = Partial<Omit<FlatSamplingOptions, 'strategy'>> & {
  readonly strategy?: StrategyName | OwnStrategy;
};

/**
 * The options of a sample, with all defaults.
 *
 * @throws InvalidOptionError  for an option or value that there isn't, or that the strategy has no use for
 */
export const checkSampling = (asked: object): SamplingOptions => checkWith(samplingSchema, asked);

/** The same of filling holes. */
export const checkFilling = (asked: object): FillingOptions => checkWith(fillingSchema, asked);

function checkWith<Schema extends typeof samplingSchema | typeof fillingSchema>(
  schema: Schema,
  asked: { readonly strategy?: unknown },
): WithStrategy<z.output<Schema>> {
  const { strategy } = asked;
  if (!isOwnStrategy(strategy)) return ofOneStrategy(checkOptions(schema, asked));
  return ofOneStrategy({ ...checkOptions(schema, { ...asked, strategy: undefined }), strategy });
}

/** @throws InvalidOptionError  for what the strategy has no use for */
function ofOneStrategy<Flat extends AnyStrategyOptions & { readonly strategy: StrategyName | OwnStrategy }>(
  flat: Flat,
): WithStrategy<Flat> {
  const { strategy } = flat;
  const options = optionsOfStrategy(strategy);
  for (const option of strategyOptions) {
    if (flat[option] === undefined || option in options.shape) continue;
    const users = strategiesUsing(option);
    const which = users.length === 1 ? 'strategy' : 'strategies';
    const whose = isOwnStrategy(strategy) ? 'one of your own' : strategy;
    const problem = `is for the ${which} ${users.join(', ')}, not for ${whose}`;
    throw new InvalidOptionError(option, problem, flat[option]);
  }
  const common = Object.fromEntries(
    Object.entries(flat).filter(([option]) => !strategyOptions.includes(option as StrategyOption)),
  );
  return { ...common, ...options.parse(flat) } as unknown as WithStrategy<Flat>;
}
