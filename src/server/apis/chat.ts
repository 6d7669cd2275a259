import { z } from 'zod';
import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { limits } from '../http/limits.ts';
import { commonFields, diffusionFields, jobOf, mostTokens } from './common-fields.ts';
import type { Job, JobProgress, Result, TokenReport } from '../worker/protocol.ts';
import { constraintOf, responseFormatSchema } from './response-format.ts';
import { usageOf } from './usage.ts';

/** Whatever a part of a message is besides text, a model of texts can't read it. */
const part = z.object(
  { type: z.enum(['text', 'input_text', 'output_text', 'refusal']), text: z.string() },
  {
    error: 'must have a content that is text, or parts of text: only text is read',
  },
);

const content = z.union([z.string(), z.array(part)], {
  error: 'must have a content that is text, or parts of text: only text is read',
});

/** What else a message has, as those that clients give back as they got them, is passed over. */
const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: content.nullish(),
});

export const chatSchema = z.strictObject({
  ...commonFields,
  ...diffusionFields,
  messages: z.array(message).min(1).max(limits.messages),
  max_completion_tokens: mostTokens,
  logprobs: z.boolean().optional().describe('what each token was given when it was written'),
  top_logprobs: z.literal(0).optional(),
  response_format: responseFormatSchema.optional(),
  tools: z.array(z.unknown()).max(0, 'must be absent: calling functions is not supported').optional(),
  functions: z.array(z.unknown()).max(0, 'must be absent: calling functions is not supported').optional(),
  tool_choice: z.enum(['auto', 'none']).optional(),
  parallel_tool_calls: z.boolean().optional(),
  modalities: z.array(z.literal('text', { error: 'must be text alone' })).optional(),
});

export type ChatBody = z.output<typeof chatSchema>;

/** The messages with their parts put together. */
export const turnsOf = (messages: ChatBody['messages']): ChatMessage[] =>
  messages.map(({ role, content: said }) => ({
    role,
    content: textOf(said),
  }));

const textOf = (said: ChatBody['messages'][number]['content']): string =>
  typeof said === 'string' ? said : (said ?? []).map(({ text }) => text).join('');

/** OpenAI's /v1/chat/completions, with Mercury's `diffusing` and `reasoning_effort`. */
export function chat(body: ChatBody, asked: ApiRequest): Answer {
  const job = jobOf(body, { kind: 'chat', turns: turnsOf(body.messages) }, asked, {
    logprobs: body.logprobs,
    sampling: constraintOf(body.response_format),
  });
  return chatAnswer(body, asked, { job });
}

/**
 * An answer in the shape of a chat.
 *
 * @param format  what becomes of the text in the answer
 */
export function chatAnswer(
  body: Pick<ChatBody, 'n' | 'stream' | 'stream_options' | 'logprobs'>,
  { id, nowMs, model }: ApiRequest,
  { job, format = (text) => text }: { readonly job?: Job; readonly format?: (text: string) => string },
): Answer {
  const common = { id, created: Math.floor(nowMs / 1000), model };
  const chunk = (choices: readonly object[], more: object = {}): object => ({
    ...common,
    object: 'chat.completion.chunk',
    choices,
    ...more,
  });
  const delta = (index: number, said: object, more: object = {}): object => ({
    index,
    delta: said,
    logprobs: null,
    finish_reason: null,
    ...more,
  });
  const reported = (tokens: readonly TokenReport[]): object | null =>
    body.logprobs ? { content: tokens.map(logprobOf), refusal: null } : null;
  return {
    job,
    choices: body.n ?? 1,
    stream: body.stream ? 'events' : undefined,
    terminator: '[DONE]',
    whole: (results) => ({
      ...common,
      object: 'chat.completion',
      choices: results.map((result, index) => ({
        index,
        message: { role: 'assistant', content: format(result.text), refusal: null },
        logprobs: reported(result.tokens),
        finish_reason: result.finish,
      })),
      usage: usageOf(results),
      seed: results[0].seed,
    }),
    opening: (index) => [chunk([delta(index, { role: 'assistant', content: '' })])],
    progress(index, { text, tokens, snapshot, frame }: JobProgress) {
      const said = snapshot ?? text;
      const hasNews = said !== '' || (body.logprobs && tokens.length > 0) || frame;
      if (!hasNews) return [];
      const logprobs = body.logprobs && tokens.length > 0 ? reported(tokens) : null;
      return [
        chunk(
          [delta(index, said === '' ? {} : { content: said }, { logprobs })],
          frame && { diffusion: { choice: index, ...frame } },
        ),
      ];
    },
    ended: (index, { finish, seed }: Result) => [
      chunk([delta(index, {}, { finish_reason: finish })], { seed }),
    ],
    closing: (results) =>
      body.stream_options?.include_usage ? [chunk([], { usage: usageOf(results) })] : [],
  };
}

/** A token as OpenAI reports it; the others that it was chosen from aren't kept. */
const logprobOf = ({ text, logprob }: TokenReport): object => ({
  token: text,
  logprob: logprob ?? 0,
  bytes: text.includes('\ufffd') ? null : [...Buffer.from(text)],
  top_logprobs: [],
});
