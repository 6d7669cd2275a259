import { z } from 'zod';
import type { ToolForm } from '../../tokenizer/tool-form.ts';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { limits } from '../http/limits.ts';
import { CallReader, readReply, type ReplyPiece } from './call-reader.ts';
import { chatJob, type Said } from './chat-request.ts';
import { commonFields, diffusionFields, mostTokens } from './common-fields.ts';
import { functionTool, type ToolRequest, toolsOf } from './tools.ts';
import type { Job, JobProgress, Result, TokenReport } from '../worker/protocol.ts';
import { constrained, constraintFields } from './constraint-fields.ts';
import { choicesTold, usageOf } from './usage.ts';

/** Whatever a part of a message is besides text, a model of texts can't read it. */
const part = z.object(
  { type: z.enum(['text', 'input_text', 'output_text', 'refusal']), text: z.string() },
  {
    error: 'must have a content that is text, or parts of text: only text is read',
  },
);

/** Text, or parts of it. */
export const textContent = z.union([z.string(), z.array(part)], {
  error: 'must have a content that is text, or parts of text: only text is read',
});

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

export const chatSchema = z.strictObject({
  ...commonFields,
  ...diffusionFields,
  messages: z.array(messageSchema).min(1).max(limits.messages),
  max_completion_tokens: mostTokens,
  logprobs: z.boolean().optional().describe('what each token was given when it was written'),
  top_logprobs: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('with logprobs: so many of the likeliest tokens that each was chosen from'),
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
  const { job, use } = chatJob(
    {
      messages: saidIn(body.messages),
      tools: toolsIn(body),
      body,
      constraint: constrained(body),
      logprobs: body.logprobs,
      top: body.logprobs ? body.top_logprobs : undefined,
    },
    asked,
  );
  return chatAnswer(body, asked, { job, form: use?.form });
}

/**
 * An answer in the shape of a chat.
 *
 * @param format  what becomes of the text in the answer
 */
export function chatAnswer(
  body: Pick<ChatBody, 'n' | 'stream' | 'stream_options' | 'logprobs'>,
  { id, nowMs, model }: ApiRequest,
  {
    job,
    form,
    format = (text) => text,
  }: {
    readonly job?: Job;
    readonly form?: ToolForm;
    readonly format?: (text: string) => string;
  },
): Answer {
  const readers = new Map<number, CallReader>();
  const readerOf = (choice: number): CallReader => {
    if (!readers.has(choice)) readers.set(choice, new CallReader(form));
    return readers.get(choice)!;
  };
  const callId = (choice: number, call: number): string =>
    `call_${id.replace('unmask-', '')}_${choice}_${call}`;
  const finishOf = (finish: Result['finish'], calls: number): string =>
    calls > 0 && finish === 'stop' ? 'tool_calls' : finish;
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
    jobs: job ? choicesOf(job, body.n) : [],
    choices: body.n ?? 1,
    stream: body.stream ? 'events' : undefined,
    terminator: '[DONE]',
    whole: (results) => ({
      ...common,
      object: 'chat.completion',
      choices: results.map((result, index) => {
        const { text, calls } = readReply(result.text, form);
        const tool_calls = calls.map(({ name, json }, call) => ({
          id: callId(index, call),
          type: 'function',
          function: { name, arguments: json },
        }));
        const said = {
          role: 'assistant',
          content: calls.length > 0 ? text || null : format(text),
          refusal: null,
        };
        return {
          index,
          message: { ...said, ...(calls.length > 0 && { tool_calls }) },
          logprobs: reported(result.tokens),
          finish_reason: finishOf(result.finish, calls.length),
        };
      }),
      usage: usageOf(results, body.n),
      seed: results[0].seed,
      ...choicesTold(results),
    }),
    opening: (index) => [chunk([delta(index, { role: 'assistant', content: '' })])],
    progress(index, { text, tokens, snapshot, frame }: JobProgress) {
      const pieces =
        snapshot === undefined ? readerOf(index).read(text) : [{ type: 'text', text: snapshot } as const];
      const deltas = pieces.map((piece) => deltaOf(piece, (call) => callId(index, call)));
      const reports = body.logprobs && tokens.length > 0;
      if (deltas.length === 0 && (reports || frame)) deltas.push({});
      return deltas.map((said, i) =>
        chunk(
          [delta(index, said, { logprobs: reports && i === 0 ? reported(tokens) : null })],
          i === 0 && frame ? { diffusion: { choice: index, ...frame } } : {},
        ),
      );
    },
    ended(index, { finish, seed }: Result) {
      const reader = readerOf(index);
      const last = reader.finish().map((piece) => chunk([delta(index, deltaOf(piece, String))]));
      const reason = finishOf(finish, reader.calls);
      return [...last, chunk([delta(index, {}, { finish_reason: reason })], { seed })];
    },
    closing: (results) =>
      body.stream_options?.include_usage ? [chunk([], { usage: usageOf(results, body.n) })] : [],
  };
}

/** What a piece of an answer adds to its message. */
function deltaOf(piece: ReplyPiece, idOf: (call: number) => string): object {
  switch (piece.type) {
    case 'text':
      return { content: piece.text };
    case 'call': {
      const { call: index, name } = piece;
      const begun = { index, id: idOf(index), type: 'function', function: { name, arguments: '' } };
      return { tool_calls: [begun] };
    }
    case 'arguments':
      return { tool_calls: [{ index: piece.call, function: { arguments: piece.json } }] };
    default:
      return piece satisfies never;
  }
}

/** A token as OpenAI reports it. */
const logprobOf = ({ text, logprob, top = [] }: TokenReport): object => ({
  ...toldToken(text, logprob ?? 0),
  top_logprobs: top.map((one) => toldToken(one.text, one.logprob)),
});

const toldToken = (token: string, logprob: number): object => ({
  token,
  logprob,
  bytes: token.includes('\ufffd') ? null : [...Buffer.from(token)],
});
