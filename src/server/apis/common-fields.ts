import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import type { Language } from '../../sampling/constraint/language.ts';
import { type FlatSamplingOptions, samplingSchema, showingSchema } from '../../sampling/options.ts';
import { limits } from '../http/limits.ts';
import type { Job, JobTask, View } from '../worker/protocol.ts';
import type { ApiRequest } from './answer.ts';
import { habits, llamaHabits, noEffects } from './tolerance.ts';

type WithoutDefault<S> = S extends z.ZodDefault<infer Inner> ? Inner : S;

/** Options as a request may give them, all optional: what is absent is as the model says. */
export const mayBeAbsent = <Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape) =>
  Object.fromEntries(
    Object.entries(shape).map(([key, field]) => {
      const given = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
      const { description } = field;
      return [key, (description === undefined ? given : given.describe(description)).optional()];
    }),
  ) as { [Key in keyof Shape]: z.ZodOptional<WithoutDefault<Shape[Key]>> };

/** The options of sampling. */
export const samplingFields = mayBeAbsent(samplingSchema.shape);

const { presencePenalty, frequencyPenalty, repetitionPenalty, minP, typicalP } = samplingFields;

/** Options that are sampling's own, under the names that other engines have for them. */
export const penaltyFields = {
  presence_penalty: presencePenalty,
  frequency_penalty: frequencyPenalty,
  repetition_penalty: repetitionPenalty,
  repeat_penalty: repetitionPenalty,
  min_p: minP,
  typical_p: typicalP,
};

/** As sampling has the same. */
const sameAs = {
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  repetition_penalty: 'repetitionPenalty',
  repeat_penalty: 'repetitionPenalty',
  min_p: 'minP',
  typical_p: 'typicalP',
} as const satisfies Record<keyof typeof penaltyFields, keyof FlatSamplingOptions>;
type SameAs = keyof typeof sameAs;

const bias = z.number().min(-100).max(100);

/** By id of the token; llama.cpp's clients send pairs, false for a token that may not be. */
export const biasField = z
  .union(
    [
      z.record(z.string().regex(/^\d{1,9}$/), bias),
      z.array(z.tuple([z.int().min(0), z.union([bias, z.literal(false)])])),
    ],
    { error: 'must be ids of tokens, each with a number from -100 to 100' },
  )
  .optional()
  .describe('added to the logits of some tokens, by id; from -100 to 100');

const stopText = z.string().max(limits.stopCharacters);

/** Texts that end an answer; an empty one ends nothing. */
export const stopField = z
  .union([stopText, z.array(stopText).max(limits.stops)], {
    error: `must be a text, or at most ${limits.stops}, of at most ${limits.stopCharacters} characters`,
  })
  .optional()
  .describe('texts that end the answer and are no part of it');

/** As many tokens as there is room for, where clients say 0 or less. */
export const mostTokens = z.int().min(-2).optional().describe('tokens at most; below 0 as the model says');

/** Of the likeliest tokens, as other engines count: 0 and −1 are all. */
export const likeliestTokens = z
  .int()
  .min(-1)
  .optional()
  .describe('take only the k likeliest tokens; 0 and -1 are all of them');

/** 0 leaves the likeliest token alone. */
export const nucleus = z.number().min(0).max(1).optional().describe(samplingSchema.shape.topP.description!);

/** Of a seed below 0 other engines make one that nobody knows. */
export const seedField = z.int().min(-1).optional().describe('same seed, same text; -1 is as good as none');

/** What each API of texts has, under OpenAI's names. */
export const commonFields = {
  model: z.string().max(256).optional().describe('a name of /v1/models [the first]'),
  ...habits,
  ...llamaHabits,
  ...noEffects('best_of'),
  ...penaltyFields,
  logit_bias: biasField,
  ...samplingFields,
  seed: seedField,
  max_tokens: mostTokens,
  top_p: nucleus,
  top_k: likeliestTokens,
  stop: stopField,
  stream: z.boolean().optional().describe('sends the text as it becomes final'),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), ...noEffects('include_obfuscation') })
    .optional(),
  n: z.int().min(1).max(limits.choices).optional().describe('texts; each has the next seed'),
};

/** What is asked for beyond OpenAI. */
export const diffusionFields = {
  diffusing: z
    .boolean()
    .optional()
    .describe('with stream: each event has the whole text so far, masks as ▒, as Mercury sends it'),
  diffusion: z
    .boolean()
    .optional()
    .describe('with stream: events have a field `diffusion` with each step, see docs/streaming.md'),
  candidates: mayBeAbsent(showingSchema.shape).candidates.describe(
    'with diffusion: it has so many of the likeliest tokens of each position that a step predicts',
  ),
  reasoning_effort: z
    .enum(['instant', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
    .optional()
    .describe(
      'tokens a step: 8 for instant, none and minimal, 4 for low, 2 for medium, 1 for high and xhigh; steps says it exactly',
    ),
};

const tokensPerStep = { instant: 8, none: 8, minimal: 8, low: 4, medium: 2, high: 1, xhigh: 1 } as const;

/** What a body may have of all that. */
export interface CommonBody extends Partial<FlatSamplingOptions> {
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly stop?: string | readonly string[];
  readonly stream?: boolean;
  readonly n?: number;
  readonly diffusing?: boolean;
  readonly diffusion?: boolean;
  readonly candidates?: number;
  readonly reasoning_effort?: keyof typeof tokensPerStep;
  readonly logit_bias?: z.output<typeof biasField>;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly repetition_penalty?: number;
  readonly repeat_penalty?: number;
  readonly min_p?: number;
  readonly typical_p?: number;
}

/** What an endpoint adds to the fields that all have. */
interface MoreOfJob {
  readonly logprobs?: boolean;
  /** So many of the likeliest tokens are told with them. */
  readonly top?: number;
  readonly sampling?: Partial<FlatSamplingOptions>;
  readonly language?: Language;
  readonly answers?: readonly string[];
}

/**
 * What a body asks for, in terms of the model.
 *
 * @throws InvalidOptionError  where it says the same in two ways, or asks for a stream of what isn't streamed
 */
export function jobOf(
  body: CommonBody,
  task: JobTask,
  { model, newSeed, ignore }: ApiRequest,
  more: MoreOfJob = {},
): Job {
  requireOneName(body);
  const { stop = [], seed = -1 } = body;
  const most = body.max_completion_tokens ?? body.max_tokens ?? -1;
  return {
    model,
    task,
    sampling: { ...samplingOf(body, more, ignore), seed: seed < 0 ? newSeed() : seed },
    ...(more.language && { language: more.language }),
    ...(more.answers && { answers: more.answers }),
    ...(body.logit_bias && { logitBias: biasesIn(body.logit_bias) }),
    ...(most >= 0 && { most }),
    tokensPerStep: body.reasoning_effort && tokensPerStep[body.reasoning_effort],
    stop: [stop].flat().filter((text) => text !== ''),
    logprobs: more.logprobs ?? false,
    ...(more.top && { top: more.top }),
    view: viewOf(body),
    candidates: body.candidates ?? 0,
  };
}

/** The options of sampling, by whatever names a body gives them. */
function samplingOf(
  body: CommonBody,
  more: MoreOfJob,
  ignore: ApiRequest['ignore'],
): Partial<FlatSamplingOptions> {
  const given = (name: keyof CommonBody, key: keyof FlatSamplingOptions) =>
    body[name] === undefined ? [] : [[key, body[name]] as const];
  const samplingKeys = Object.keys(samplingFields) as (keyof typeof samplingFields)[];
  const sampling: Partial<FlatSamplingOptions> = {
    ...Object.fromEntries(samplingKeys.flatMap((key) => given(key, key))),
    ...Object.fromEntries(Object.entries(sameAs).flatMap(([name, key]) => given(name as SameAs, key))),
    ...more.sampling,
  };
  const { top_p: topP = body.topP, top_k: topK = body.topK } = body;
  if ((sampling.regex ?? sampling.jsonSchema ?? more.language) === undefined)
    return {
      ...sampling,
      ...(topP !== undefined && { topP: topP || Number.MIN_VALUE }),
      ...(topK !== undefined && topK > 0 && { topK }),
    };
  // clients send them whatever else they ask for, and a constraint chooses among all texts
  const cuts = ['top_p', 'topP', 'top_k', 'topK', 'min_p', 'minP', 'typical_p', 'typicalP'] as const;
  ignore(...cuts.filter((cut) => body[cut] !== undefined));
  const { topP: _p, topK: _k, minP: _m, typicalP: _t, ...rest } = sampling;
  return rest;
}

/** Biases by id. */
function biasesIn(given: NonNullable<CommonBody['logit_bias']>): Record<number, number> {
  const pairs = Array.isArray(given) ? given : Object.entries(given);
  return Object.fromEntries(pairs.map(([id, value]) => [id, value === false ? -100 : value]));
}

/** @throws InvalidOptionError  where what is asked to be shown isn't streamed */
export function viewOf({
  stream,
  diffusing,
  diffusion,
  candidates = 0,
}: Pick<CommonBody, 'stream' | 'diffusing' | 'diffusion' | 'candidates'>): View {
  if (candidates > 0 && !diffusion) throw new InvalidOptionError('candidates', 'needs diffusion', candidates);
  if ((diffusing || diffusion) && !stream) {
    throw new InvalidOptionError(diffusing ? 'diffusing' : 'diffusion', 'needs stream', true);
  }
  if (diffusing && diffusion)
    throw new InvalidOptionError('diffusing', 'shows the same as diffusion; ask for one of them', true);
  if (diffusing) return 'snapshots';
  if (diffusion) return 'frames';
  return stream ? 'text' : 'nothing';
}

/** @throws InvalidOptionError  where a body says two things by two names of one option */
function requireOneName(body: CommonBody): void {
  once(body, 'max_completion_tokens', 'max_tokens');
  once(body, 'max_tokens', 'length');
  once(body, 'max_completion_tokens', 'length');
  once(body, 'top_p', 'topP');
  once(body, 'top_k', 'topK');
  once(body, 'reasoning_effort', 'steps');
  for (const [name, own] of Object.entries(sameAs)) once(body, name as SameAs, own);
  once(body, 'repeat_penalty', 'repetition_penalty');
}

function once(body: CommonBody, one: keyof CommonBody, other: keyof CommonBody): void {
  if (body[one] !== undefined && body[other] !== undefined && body[one] !== body[other])
    throw new InvalidOptionError(one, `says the same as ${other}; give one of them`, body[one]);
}
