import { z } from 'zod';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { chatSchema, turnsOf } from './chat.ts';
import { writingTask } from './completions.ts';
import { limits } from '../http/limits.ts';
import { jobOf, samplingFields, stopText } from './common-fields.ts';
import type { Job, Result, JobTask } from '../worker/protocol.ts';
import { constraintOf } from './response-format.ts';

/** What Ollama's clients send to tune its engine: read, and without effect here. */
const tuning = z.unknown().optional().describe('has no effect');
const tuningNames = (
  'num_ctx num_keep num_batch num_gpu main_gpu num_thread num_gqa low_vram vocab_only use_mmap use_mlock numa ' +
  'mirostat mirostat_eta mirostat_tau tfs_z typical_p min_p repeat_last_n repeat_penalty penalize_newline ' +
  'presence_penalty frequency_penalty'
).split(' ');

const optionsSchema = z.strictObject({
  ...samplingFields,
  num_predict: z.int().min(-2).optional().describe('tokens at most; below 0 as the model says'),
  top_k: z.int().min(-1).optional(),
  top_p: samplingFields.topP,
  stop: z.union([stopText, z.array(stopText).max(limits.stops)]).nullish(),
  ...(Object.fromEntries(tuningNames.map((name) => [name, tuning])) as object),
});

const commonFields = {
  model: z.string().max(256),
  stream: z.boolean().default(true),
  format: z
    .union([z.enum(['', 'json']), z.record(z.string(), z.unknown())])
    .optional()
    .describe('json, or a JSON schema'),
  options: optionsSchema.nullish(),
  keep_alive: tuning,
  think: z.literal(false).optional(),
};

/** Ollama's /api/generate. */
export const generateSchema = z.strictObject({
  ...commonFields,
  prompt: z.string().default(''),
  suffix: z.string().default(''),
  system: z.literal('').optional(),
  template: z.literal('').optional(),
  raw: z.boolean().optional().describe('has no effect: a prompt is never put into a template'),
  context: z.array(z.int()).max(0).optional(),
  images: z.array(z.unknown()).max(0, 'must be absent: only text is read').optional(),
});

const ollamaMessage = z.strictObject({
  role: chatSchema.shape.messages.element.shape.role,
  content: z.string(),
  images: z.array(z.unknown()).max(0, 'must be absent: only text is read').nullish(),
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
  const { num_predict = -1, stop: stops, ...options } = body.options ?? {};
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
    stream: body.stream,
    stop: stops ?? [],
  };
  const most = num_predict > 0 ? { max_tokens: num_predict } : {};
  return jobOf({ ...common, ...most }, task, asked, { sampling: constraint });
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
