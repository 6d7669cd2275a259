import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { chatAnswer } from './chat-answer.ts';
import { limits } from '../http/limits.ts';
import { chatJob, endsInAnswer, type Said } from './chat-request.ts';
import { commonFields, diffusionFields, mostTokens } from './common-fields.ts';
import { draftField, drafted } from './draft.ts';
import { functionTool, type ToolRequest, toolsOf } from './tools.ts';
import { constrained, constraintFields } from './constraint-fields.ts';

const onlyText = { error: 'must have a content that is text, or parts of text: only text is read' };

/** Whatever a part of a message is besides text, a model of texts can't read it. */
const part = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() }),
    z
      .object({ type: z.literal('refusal'), refusal: z.string() })
      .transform(({ refusal }) => ({ type: 'text' as const, text: refusal })),
  ],
  onlyText,
);

/** Text, or parts of it. */
export const textContent = z.union([z.string(), z.array(part)], onlyText);

const toolCall = z.object({
  id: z.string().max(256).default(''),
  function: z.object({
    name: z.string().max(64),
    // Ollama's clients send them as they are
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).default(''),
  }),
});

/** What else a message has, as those that clients give back as they got them, is skipped. */
export const messageSchema = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: textContent.nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});

/** The body of /v1/chat/completions. */
export const chatSchema = z.strictObject({
  ...commonFields,
  ...diffusionFields,
  messages: z.array(messageSchema).min(1).max(limits.messages),
  max_completion_tokens: mostTokens,
  continue_final_message: z
    .boolean()
    .optional()
    .describe('what is written goes on with the last message, which is of the assistant'),
  logprobs: z.boolean().optional().describe('what each token was given when it was written'),
  top_logprobs: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('with logprobs: so many of the likeliest tokens that each was chosen from'),
  draft: draftField,
  ...constraintFields,
  tools: z.array(functionTool).max(limits.tools).optional().describe('functions that the answer may call'),
  functions: z.array(z.unknown()).max(0, 'must be absent: tools has taken its place').optional(),
  tool_choice: z
    .union(
      [
        z.enum(['auto', 'none', 'required']),
        z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
      ],
      { error: "must be auto, none, required, or {type: 'function', function: {name}}" },
    )
    .optional(),
  parallel_tool_calls: z.boolean().optional().describe('whether an answer may be several calls'),
  modalities: z.array(z.literal('text', { error: 'must be text alone' })).optional(),
});

/** The body of a chat completion, checked. */
export type ChatBody = z.output<typeof chatSchema>;

/** The messages, with their parts put together. */
export const saidIn = (messages: ChatBody['messages']): Said[] =>
  messages.map(({ role, content: said, tool_calls, tool_call_id }) => ({
    role: role === 'developer' ? 'system' : role,
    text: contentText(said),
    calls: (tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
      id,
      name,
      json: typeof given === 'string' ? given : JSON.stringify(given),
    })),
    callId: tool_call_id ?? undefined,
  }));

/** What a message says, in one text. */
export const contentText = (said: z.output<typeof textContent> | null | undefined): string =>
  typeof said === 'string' ? said : (said ?? []).map(({ text }) => text).join('');

/** The functions of a body, if it has some that may be called. */
export function toolsIn({
  tools,
  tool_choice: choice = 'auto',
  parallel_tool_calls: parallel = true,
}: Pick<ChatBody, 'tools' | 'tool_choice' | 'parallel_tool_calls'>): ToolRequest | undefined {
  if (!tools || choice === 'none') return undefined;
  const called = typeof choice === 'string' ? choice : { name: choice.function.name };
  return { tools: toolsOf(tools), choice: called, parallel };
}

/** OpenAI's /v1/chat/completions, with Mercury's `diffusing` and `reasoning_effort`. */
export function chat(body: ChatBody, asked: ApiRequest): Answer {
  const messages = saidIn(body.messages);
  if (body.continue_final_message && !endsInAnswer(messages))
    throw new InvalidOptionError('continue_final_message', 'needs a last message of the assistant', true);
  const { job, use } = chatJob(
    {
      messages,
      continues: body.continue_final_message,
      tools: toolsIn(body),
      body,
      constraint: constrained(body),
      logprobs: body.logprobs,
      top: body.logprobs ? body.top_logprobs : undefined,
    },
    asked,
  );
  return chatAnswer(body, asked, { job: drafted(job, body, asked.ignore), form: use?.form });
}
