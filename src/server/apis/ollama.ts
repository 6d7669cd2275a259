import { z } from 'zod';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { chatSchema, turnsOf } from './chat.ts';
import { writingTask } from './completions.ts';
import { limits } from '../http/limits.ts';
import {
  commonFields as openaiFields,
  jobOf,
  likeliestTokens,
  mostTokens,
  nucleus,
  samplingFields,
  seedField,
  stopField,
} from './common-fields.ts';
import { noEffect, noEffects, ollamaHabits } from './tolerance.ts';
import type { Job, Result, JobTask } from '../worker/protocol.ts';
import { constraintOf } from './response-format.ts';

const optionFields = {
  ...ollamaHabits,
  ...noEffects('typical_p min_p repeat_penalty presence_penalty frequency_penalty'),
  ...samplingFields,
  seed: seedField,
  num_predict: mostTokens,
  top_k: likeliestTokens,
  top_p: nucleus,
  stop: stopField,
};

const commonFields = {
  model: z.string().max(256),
  stream: z.boolean().default(true),
  // some clients say them beside the options, too
  ...optionFields,
  max_tokens: openaiFields.max_tokens,
  format: z
    .union([z.enum(['', 'json']), z.record(z.string(), z.unknown())])
    .optional()
    .describe('json, or a JSON schema'),
  options: z.strictObject(optionFields).optional(),
  keep_alive: noEffect,
  think: noEffect,
};

/** Ollama's /api/generate. */
export const generateSchema = z.strictObject({
  ...commonFields,
  prompt: z.string().default(''),
  suffix: z.string().default(''),
  system: z.literal('').optional(),
  template: z.literal('').optional(),
  raw: z.boolean().optional().describe('has no effect: a prompt is never put into a template'),
  context: noEffect,
  images: z.array(z.unknown()).max(0, 'must be absent: only text is read').optional(),
});

const ollamaMessage = z.object({
  role: chatSchema.shape.messages.element.shape.role,
  content: z.string().nullish(),
  images: z.array(z.unknown()).max(0, 'must have no images: only text is read').nullish(),
});

/** Ollama's /api/chat. */
export const ollamaChatSchema = z.strictObject({
  ...commonFields,
  messages: z.array(ollamaMessage).max(limits.messages).default([]),
  tools: z.array(z.unknown()).max(0, 'must be absent: calling functions is not supported').optional(),
});

type GenerateBody = z.output<typeof generateSchema>;
type OllamaChatBody = z.output<typeof ollamaChatSchema>;

export function generate(body: GenerateBody, asked: ApiRequest): Answer {
  const isLoading = body.prompt === '' && body.suffix === '';
  const job = isLoading ? undefined : ollamaJob(body, writingTask(body.prompt, body.suffix), asked);
  return ollamaAnswer(body, asked, job, (response) => ({ response }));
}

export function ollamaChat(body: OllamaChatBody, asked: ApiRequest): Answer {
  const turns = turnsOf(body.messages);
  const job = turns.length === 0 ? undefined : ollamaJob(body, { kind: 'chat', turns }, asked);
  return ollamaAnswer(body, asked, job, (content) => ({ message: { role: 'assistant', content } }));
}

function ollamaJob(body: GenerateBody | OllamaChatBody, task: JobTask, asked: ApiRequest): Job {
  const options = { ...body, ...body.options };
  const { num_predict, stop: stops } = options;
  const { format } = body;
  const constraint =
    format === undefined || format === ''
      ? {}
      : constraintOf(
          format === 'json'
            ? { type: 'json_object' }
            : { type: 'json_schema', json_schema: { schema: format } },
        );
  const own = Object.fromEntries(
    Object.entries(options).filter(([key]) => key in samplingSchema.shape),
  ) as Partial<FlatSamplingOptions>;
  const common = {
    ...own,
    top_k: options.top_k,
    top_p: options.top_p,
    max_tokens: num_predict ?? body.max_tokens,
    stream: body.stream,
    stop: stops,
  };
  return jobOf(common, task, asked, { sampling: constraint });
}

function ollamaAnswer(
  body: Pick<GenerateBody, 'stream'>,
  { model, nowMs }: ApiRequest,
  job: Job | undefined,
  say: (text: string) => object,
): Answer {
  const common = { model, created_at: new Date(nowMs).toISOString() };
  const end = (result: Result | undefined, text: string): object => ({
    ...common,
    ...say(text),
    done: true,
    done_reason: result ? result.finish : 'load',
    ...(result && durations(result)),
  });
  return {
    job,
    choices: 1,
    stream: body.stream && job ? 'lines' : undefined,
    whole: ([result]) => end(result, result?.text ?? ''),
    progress: (_, { text }) => (text === '' ? [] : [{ ...common, ...say(text), done: false }]),
    ended: (_, result) => [end(result, '')],
  };
}

/** In nanoseconds, as Ollama counts. */
const durations = ({ ms, promptTokens, completionTokens, forwards }: Result): object => ({
  total_duration: Math.round(ms * 1e6),
  load_duration: 0,
  prompt_eval_count: promptTokens,
  prompt_eval_duration: 0,
  eval_count: completionTokens,
  eval_duration: Math.round(ms * 1e6),
  forwards,
});
