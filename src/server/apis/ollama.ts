import { z } from 'zod';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import type { ToolForm } from '../../tokenizer/tool-form.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { type Call, CallReader, readReply, type ReplyPiece } from './call-reader.ts';
import { messageSchema, saidIn, toolsIn } from './chat.ts';
import { chatJob, endsInAnswer, type Said } from './chat-request.ts';
import { milliseconds } from './duration.ts';
import { rendered } from './ollama-template.ts';
import { functionTool } from './tools.ts';
import { writingTask } from './completions.ts';
import { limits } from '../http/limits.ts';
import {
  type CommonBody,
  commonFields as openaiFields,
  jobOf,
  likeliestTokens,
  mostTokens,
  nucleus,
  penaltyFields,
  samplingFields,
  seedField,
  stopField,
} from './common-fields.ts';
import { noEffect, ollamaHabits } from './tolerance.ts';
import type { Job, Result } from '../worker/protocol.ts';
import { constraintOf } from './response-format.ts';

const optionFields = {
  ...ollamaHabits,
  ...penaltyFields,
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
  keep_alive: z
    .union([z.number(), z.string().max(64)])
    .optional()
    .describe('how long the model stays loaded afterwards: seconds, or as 5m; below 0 for ever'),
  think: noEffect,
};

/** Ollama's /api/generate. */
export const generateSchema = z.strictObject({
  ...commonFields,
  prompt: z.string().default(''),
  suffix: z.string().default(''),
  system: z.string().default('').describe('what the model is told before the prompt'),
  template: z
    .string()
    .default('')
    .describe(
      "in place of the model's own: text with {{ .System }}, {{ .Prompt }}, {{ .Response }} and {{ if .System }} … {{ end }}",
    ),
  raw: z.boolean().default(false).describe('the prompt is the beginning of the text, and no question'),
  context: noEffect,
  images: z.array(z.unknown()).max(0, 'must be absent: only text is read').optional(),
});

const ollamaMessage = messageSchema.extend({
  content: z.string().nullish(),
  tool_name: z.string().nullish(),
  images: z.array(z.unknown()).max(0, 'must have no images: only text is read').nullish(),
});

/** Ollama's /api/chat. */
export const ollamaChatSchema = z.strictObject({
  ...commonFields,
  messages: z.array(ollamaMessage).max(limits.messages).default([]),
  tools: z.array(functionTool).max(limits.tools).optional().describe('functions that the answer may call'),
});

type GenerateBody = z.output<typeof generateSchema>;
type OllamaChatBody = z.output<typeof ollamaChatSchema>;

/** Answers /api/generate. */
export function ollamaGenerate(body: GenerateBody, asked: ApiRequest): Answer {
  const say = (response: string): object => ({ response });
  const isUnloading = honourKeepAlive(body, asked);
  if (body.prompt === '' && body.suffix === '') return ollamaAnswer(body, asked, { say, isUnloading });
  return ollamaAnswer(body, asked, { job: generateJob(body, asked), say });
}

/** A prompt is a question where the model has a template for one, as it is with Ollama. */
function generateJob(body: GenerateBody, asked: ApiRequest): Job {
  const { prompt, suffix, system, template, raw } = body;
  const constraint = { sampling: constraintIn(body) };
  const task = writingTask(prompt, suffix);
  const write = (text: string): Job =>
    jobOf(bodyOf(body), { kind: 'write', prompt: text }, asked, constraint);
  if (task.kind === 'fill') return jobOf(bodyOf(body), task, asked, constraint);
  if (raw) return write(prompt);
  if (template !== '') return write(rendered(template, { System: system, Prompt: prompt, Response: '' }));
  if (!asked.facts.hasChatTemplate && system === '') return write(prompt);
  const messages: Said[] = [
    ...(system === '' ? [] : [{ role: 'system' as const, text: system }]),
    { role: 'user', text: prompt },
  ];
  return chatJob({ messages, body: bodyOf(body), constraint }, asked).job;
}

/** Answers /api/chat. */
export function ollamaChat(body: OllamaChatBody, asked: ApiRequest): Answer {
  const say = (content: string, tool_calls?: readonly object[]): object => ({
    message: { role: 'assistant', content, ...(tool_calls && { tool_calls }) },
  });
  const isUnloading = honourKeepAlive(body, asked);
  if (body.messages.length === 0) return ollamaAnswer(body, asked, { say, isUnloading });
  // a tool is named, and no call of it
  const messages = saidIn(body.messages).map((said, i) => ({
    ...said,
    callId: said.callId ?? body.messages[i].tool_name ?? undefined,
  }));
  const { job, use } = chatJob(
    {
      messages,
      tools: toolsIn(body),
      body: bodyOf(body),
      constraint: { sampling: constraintIn(body) },
      continues: endsInAnswer(messages),
    },
    asked,
  );
  return ollamaAnswer(body, asked, { job, form: use?.form, say });
}

/**
 * Keeps the model for as long as is asked.
 *
 * @returns whether that is no longer than it works
 */
function honourKeepAlive({ keep_alive }: GenerateBody | OllamaChatBody, { keepLoaded }: ApiRequest): boolean {
  if (keep_alive === undefined) return false;
  const ms = milliseconds(keep_alive);
  keepLoaded(ms);
  return ms === 0;
}

/** What is asked of sampling: Ollama has it in `options`, and some of its clients beside them. */
function bodyOf(body: GenerateBody | OllamaChatBody): CommonBody {
  const options = { ...body, ...body.options };
  const own = Object.fromEntries(
    Object.entries(options).filter(([key]) => key in samplingSchema.shape),
  ) as Partial<FlatSamplingOptions>;
  return {
    ...own,
    ...Object.fromEntries(
      Object.keys(penaltyFields).map((name) => [name, options[name as keyof typeof penaltyFields]]),
    ),
    top_k: options.top_k,
    top_p: options.top_p,
    max_tokens: options.num_predict ?? body.max_tokens,
    stream: body.stream,
    stop: options.stop,
  };
}

function constraintIn({ format }: GenerateBody | OllamaChatBody): Partial<FlatSamplingOptions> {
  if (format === undefined || format === '') return {};
  return constraintOf(
    format === 'json' ? { type: 'json_object' } : { type: 'json_schema', json_schema: { schema: format } },
  );
}

function ollamaAnswer(
  body: Pick<GenerateBody, 'stream'>,
  { model, nowMs }: ApiRequest,
  {
    job,
    form,
    say,
    isUnloading = false,
  }: {
    readonly job?: Job;
    readonly isUnloading?: boolean;
    readonly form?: ToolForm;
    readonly say: (text: string, calls?: readonly object[]) => object;
  },
): Answer {
  const common = { model, created_at: new Date(nowMs).toISOString() };
  const reader = new CallReader(form);
  const streamed = new CallsTogether();
  const end = (result: Result | undefined, said: object): object => ({
    ...common,
    ...said,
    done: true,
    done_reason: result ? result.finish : isUnloading ? 'unload' : 'load',
    ...(result && durations(result)),
  });
  const objects = (pieces: readonly ReplyPiece[], isOver: boolean): object[] => [
    ...pieces.flatMap((piece) =>
      piece.type === 'text' ? [{ ...common, ...say(piece.text), done: false }] : [],
    ),
    ...streamed.taken(pieces, isOver).map((calls) => ({ ...common, ...say('', [calls]), done: false })),
  ];
  return {
    jobs: job ? [job] : [],
    choices: 1,
    stream: body.stream && job ? 'lines' : undefined,
    whole([result]) {
      const { text, calls } = readReply(result?.text ?? '', form);
      return end(result, say(text, calls.length > 0 ? calls.flatMap(ollamaCalls) : undefined));
    },
    progress: (_, { text }) => objects(reader.read(text), false),
    ended: (_, result) => [...objects(reader.finish(), true), end(result, say(''))],
  };
}

/** A call as Ollama says it: whole, its arguments no text. One that was cut off is none. */
function ollamaCalls({ name, json }: Call): object[] {
  try {
    return [{ function: { name, arguments: JSON.parse(json) as object } }];
  } catch {
    return [];
  }
}

/** Gathers the pieces of calls until each is whole. */
class CallsTogether {
  #open: { name: string; json: string } | undefined;

  /** The calls that these pieces make whole. */
  taken(pieces: readonly ReplyPiece[], isOver: boolean): object[] {
    const whole: object[] = [];
    const close = (): void => {
      if (this.#open) whole.push(...ollamaCalls(this.#open));
      this.#open = undefined;
    };
    for (const piece of pieces) {
      if (piece.type === 'call') {
        close();
        this.#open = { name: piece.name, json: '' };
      } else if (piece.type === 'arguments') this.#open!.json += piece.json;
    }
    if (isOver) close();
    return whole;
  }
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
