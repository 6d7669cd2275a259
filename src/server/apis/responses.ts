import { z } from 'zod';
import { limits } from '../http/limits.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { textContent, contentText } from './chat.ts';
import { chatJob, type Said } from './chat-request.ts';
import { commonFields, diffusionFields, mostTokens } from './common-fields.ts';
import { constraintOf } from './response-format.ts';
import { responsesAnswer } from './responses-answer.ts';
import { noEffect, noEffects } from './tolerance.ts';
import { flatTool, type ToolRequest } from './tools.ts';

const notStored = { error: 'must be absent: nothing is stored; send the conversation' };
const onlyFunctions = { error: 'must be functions: there is no other tool here' };

/** A message, a call of an earlier answer, or what came of it. What else an answer had is skipped. */
const item = z.union(
  [
    z.object({
      type: z.literal('message').optional(),
      role: z.enum(['system', 'developer', 'user', 'assistant']),
      content: textContent,
    }),
    z.object({
      type: z.literal('function_call'),
      call_id: z.string().max(256),
      name: z.string().max(64),
      arguments: z.string(),
    }),
    z.object({ type: z.literal('function_call_output'), call_id: z.string().max(256), output: textContent }),
    z.object({ type: z.literal('reasoning') }),
  ],
  { error: 'must be a text, or messages of text, function_call and function_call_output: only text is read' },
);

const { diffusing: _, reasoning_effort: effort, ...shownFields } = diffusionFields;

/** OpenAI's /v1/responses. */
export const responsesSchema = z.strictObject({
  ...commonFields,
  ...shownFields,
  ...noEffects('n include truncation max_tool_calls top_logprobs prompt stream_options'),
  input: z.union([z.string(), z.array(item).max(limits.messages)], {
    error: 'must be a text, or messages of text, function_call and function_call_output: only text is read',
  }),
  instructions: z.string().optional(),
  max_output_tokens: mostTokens,
  tools: z
    .array(
      z.object({
        type: z.literal('function', onlyFunctions),
        ...flatTool,
        parameters: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .max(limits.tools)
    .optional()
    .describe('functions that the answer may call'),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), name: z.string() }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  text: z
    .object({
      format: z
        .discriminatedUnion('type', [
          z.object({ type: z.literal('text') }),
          z.object({ type: z.literal('json_object') }),
          z.object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
        ])
        .optional(),
      verbosity: noEffect,
    })
    .optional(),
  reasoning: z.object({ effort: effort.unwrap().nullish(), summary: noEffect }).optional(),
  previous_response_id: z.null(notStored).optional(),
  conversation: z.null(notStored).optional(),
  background: z.literal(false, { error: 'must be false: answers are not stored' }).optional(),
});

type ResponsesBody = z.output<typeof responsesSchema>;

/** Answers /v1/responses. */
export function responses(body: ResponsesBody, asked: ApiRequest): Answer {
  const { text, reasoning, max_output_tokens, ...rest } = body;
  const { format = { type: 'text' } } = text ?? {};
  const { job, use } = chatJob(
    {
      messages: saidIn(body),
      tools: toolsIn(body),
      body: {
        ...rest,
        max_tokens: max_output_tokens ?? body.max_tokens,
        reasoning_effort: reasoning?.effort ?? undefined,
      },
      constraint: {
        sampling: constraintOf(
          format.type === 'json_schema' ? { ...format, json_schema: { schema: format.schema } } : format,
        ),
      },
    },
    asked,
  );
  return responsesAnswer(body, asked, job, use?.form);
}

function saidIn({ instructions, input }: ResponsesBody): Said[] {
  const items = typeof input === 'string' ? [{ role: 'user' as const, content: input }] : input;
  const said = items.flatMap((one): Said[] => {
    if ('role' in one)
      return [{ role: one.role === 'developer' ? 'system' : one.role, text: contentText(one.content) }];
    switch (one.type) {
      case 'function_call':
        return [
          { role: 'assistant', text: '', calls: [{ id: one.call_id, name: one.name, json: one.arguments }] },
        ];
      case 'function_call_output':
        return [{ role: 'tool', text: contentText(one.output), callId: one.call_id }];
      case 'reasoning':
        return [];
      default:
        return one satisfies never;
    }
  });
  return instructions ? [{ role: 'system', text: instructions }, ...said] : said;
}

function toolsIn({
  tools,
  tool_choice = 'auto',
  parallel_tool_calls = true,
}: ResponsesBody): ToolRequest | undefined {
  if (!tools || tool_choice === 'none') return undefined;
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      description: description ?? undefined,
      parameters: parameters ?? undefined,
    })),
    choice: typeof tool_choice === 'string' ? tool_choice : { name: tool_choice.name },
    parallel: parallel_tool_calls,
  };
}
