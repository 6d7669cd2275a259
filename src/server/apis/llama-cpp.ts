import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { gapTask } from './completions.ts';
import { commonFields, jobOf } from './common-fields.ts';
import { constrained, constraintFields } from './constraint-fields.ts';
import { noEffects } from './tolerance.ts';
import type { Job, Result } from '../worker/protocol.ts';
import { nothingWritten } from '../worker/reading-jobs.ts';

/** What llama.cpp's own paths have. */
export const llamaFields = {
  n_predict: z
    .int()
    .min(-2)
    .optional()
    .describe('tokens at most; 0 writes nothing, below 0 as the model says'),
  n_cmpl: commonFields.n,
  ...noEffects('stream_options'),
  response_fields: z.array(z.string()).max(64).optional().describe('the fields wanted, a/b for b in a'),
};

/** llama.cpp's /infill, as llama.vim and llama.vscode ask it. */
export const llamaInfillSchema = z.strictObject({
  ...commonFields,
  ...llamaFields,
  grammar: constraintFields.grammar,
  json_schema: constraintFields.json_schema,
  input_prefix: z.string().default('').describe('the file in front of the line'),
  input_suffix: z.string().default('').describe('the file after the cursor'),
  prompt: z.string().default('').describe('the line up to the cursor'),
  input_extra: z
    .array(z.object({ text: z.string(), filename: z.string().optional(), time: z.unknown().optional() }))
    .max(256)
    .optional()
    .describe('other pieces of code; they come first, as far as there is room'),
});

/** The body of llama.cpp's /infill, checked. */
export type InfillBody = z.output<typeof llamaInfillSchema>;

/** What is between prefix and suffix. */
export function llamaInfill(body: InfillBody, asked: ApiRequest): Answer {
  const { input_prefix, input_suffix, prompt, input_extra = [] } = body;
  const before = [...input_extra.map(({ text }) => text), input_prefix + prompt].join('\n');
  const job = { ...jobOf(body, gapTask(before, input_suffix), asked, constrained(body)), ...mostOf(body) };
  return llamaAnswer(body, asked, choicesOf(job, textsOf(body)));
}

/**
 * How many texts are asked for.
 *
 * @throws InvalidOptionError  where it is said in two ways
 */
export function textsOf({ n_cmpl, n }: Pick<InfillBody, 'n_cmpl' | 'n'>): number | undefined {
  if (n_cmpl !== undefined && n !== undefined)
    throw new InvalidOptionError('n_cmpl', 'says the same as n; give one of them', n_cmpl);
  return n_cmpl ?? n;
}

/**
 * The tokens that are asked for.
 *
 * @throws InvalidOptionError  where it is said in two ways
 */
export function mostOf({
  n_predict = -1,
  length,
}: Pick<InfillBody, 'n_predict' | 'length'>): Pick<Job, 'most'> {
  if (n_predict > 0 && length !== undefined)
    throw new InvalidOptionError('n_predict', 'says the same as length; give one of them', n_predict);
  return n_predict > 0 ? { most: n_predict } : {};
}

/** An answer in the shape of llama.cpp's own paths. */
export function llamaAnswer(
  body: Pick<InfillBody, 'n_predict' | 'response_fields' | 'stream'>,
  asked: ApiRequest,
  jobs: readonly Job[],
): Answer {
  const report = (result: Result): object => reportOf(result, asked);
  const chosen = (whole: object): object =>
    body.response_fields ? pick(whole, body.response_fields) : whole;
  // what only warms up a cache needs no answer
  const isWarming = body.n_predict === 0;
  return {
    jobs: isWarming ? [] : jobs,
    choices: isWarming ? 1 : jobs.length,
    isBare: body.response_fields !== undefined,
    stream: body.stream && !isWarming ? 'events' : undefined,
    whole: (results) => {
      const wholes = (isWarming ? [warmed] : results).map((result) => chosen(report(result)));
      return wholes.length === 1 ? wholes[0] : wholes;
    },
    progress: (index, { text }) => (text === '' ? [] : [{ index, content: text, tokens: [], stop: false }]),
    ended: (index, result) => [chosen({ index, ...report(result), content: '' })],
  };
}

const warmed: Result = { ...nothingWritten, finish: 'length' };

function reportOf(result: Result, { model, facts }: ApiRequest): object {
  const { promptTokens, completionTokens, ms } = result;
  const [prompt_ms, predicted_ms] = [0, ms]; // the prompt is read in the same forwards
  return {
    content: result.text,
    tokens: [],
    ...(result.tokens.length > 0 && { completion_probabilities: result.tokens.map(probabilitiesOf) }),
    model,
    stop: true,
    stop_type: result.stoppedBy === undefined ? (result.finish === 'stop' ? 'eos' : 'limit') : 'word',
    stopping_word: result.stoppedBy ?? '',
    tokens_predicted: completionTokens,
    tokens_evaluated: promptTokens,
    tokens_cached: 0,
    truncated: false,
    generation_settings: { n_ctx: facts.maxLength, seed: result.seed },
    timings: {
      prompt_n: promptTokens,
      prompt_ms,
      prompt_per_token_ms: 0,
      prompt_per_second: 0,
      predicted_n: completionTokens,
      predicted_ms,
      predicted_per_token_ms: completionTokens === 0 ? 0 : predicted_ms / completionTokens,
      predicted_per_second: predicted_ms === 0 ? 0 : (1000 * completionTokens) / predicted_ms,
      forwards: result.forwards,
    },
  };
}

/** A token as llama.cpp tells its probabilities. */
const probabilitiesOf = ({ text, logprob, top = [] }: Result['tokens'][number]): object => ({
  token: text,
  logprob: logprob ?? 0,
  top_logprobs: top.map((one) => ({ token: one.text, logprob: one.logprob })),
});

/** The fields of a report that are asked for, under the names that they are asked by. */
function pick(report: object, fields: readonly string[]): object {
  const picked = new Map<string, unknown>();
  for (const field of fields) {
    let value: unknown = report;
    for (const key of field.split('/'))
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined;
    if (value !== undefined) picked.set(field, value);
  }
  return Object.fromEntries(picked);
}
