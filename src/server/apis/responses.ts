import { z } from 'zod';
import type { ToolForm } from '../../tokenizer/tool-form.ts';
import { limits } from '../http/limits.ts';
import type { Job, JobProgress, Result } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { textContent, contentText } from './chat.ts';
import { chatJob, type Said } from './chat-request.ts';
import { commonFields, diffusionFields, mostTokens } from './common-fields.ts';
import { type BlockEvent, replyBlocks, type ReplyBlock, ReplyBlocks } from './reply-blocks.ts';
import { constraintOf } from './response-format.ts';
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

function responsesAnswer(
  body: ResponsesBody,
  { id: asked, nowMs, model }: ApiRequest,
  job: Job,
  form: ToolForm | undefined,
): Answer {
  const id = asked.replace('unmask-', '');
  const reply = new ReplyBlocks(form);
  let number = 0;
  const event = (type: string, more: object): object => ({ type, sequence_number: number++, ...more });
  const responseWith = (more: object): object => ({
    id: `resp_${id}`,
    object: 'response',
    created_at: Math.floor(nowMs / 1000),
    model,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: body.temperature ?? null,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? null,
    truncation: 'disabled',
    usage: null,
    output: [],
    ...more,
  });
  const ended = (result: Result, blocks: readonly ReplyBlock[]): object =>
    responseWith({
      status: result.finish === 'stop' ? 'completed' : 'incomplete',
      ...(result.finish === 'length' && { incomplete_details: { reason: 'max_output_tokens' } }),
      output: blocks.map((block, i) => itemOf(block, `${id}_${i}`, 'completed')),
      usage: usageOf(result),
      seed: result.seed,
    });
  const eventsOf = (changes: readonly BlockEvent[]): object[] =>
    changes
      .flatMap((change) => blockEvents(change, `${id}_${change.index}`))
      .map(({ type, ...more }) => event(type, more));
  return {
    jobs: [job],
    choices: 1,
    stream: body.stream ? 'named events' : undefined,
    whole: ([result]) => ended(result, replyBlocks(result.text, form)),
    opening: () => [
      event('response.created', { response: responseWith({ status: 'in_progress' }) }),
      event('response.in_progress', { response: responseWith({ status: 'in_progress' }) }),
    ],
    progress(choice, { text, frame }: JobProgress) {
      const changes = eventsOf(reply.read(text));
      return frame ? [...changes, event('unmask.diffusion', { diffusion: { choice, ...frame } })] : changes;
    },
    ended(_choice, result) {
      const last = eventsOf(reply.finish());
      const type = result.finish === 'stop' ? 'response.completed' : 'response.incomplete';
      return [...last, event(type, { response: ended(result, reply.blocks) })];
    },
  };
}

/** A part of an answer as an item of the output. */
function itemOf(block: ReplyBlock, id: string, status: 'in_progress' | 'completed'): object {
  if (block.type === 'call')
    return {
      type: 'function_call',
      id: `fc_${id}`,
      call_id: `call_${id}`,
      name: block.name,
      arguments: block.json,
      status,
    };
  const content = status === 'completed' ? [textPart(block.text)] : [];
  return { type: 'message', id: `msg_${id}`, role: 'assistant', status, content };
}

const textPart = (text: string): object => ({ type: 'output_text', text, annotations: [], logprobs: [] });

/** What a change of an answer is in a stream of Responses. */
function blockEvents(change: BlockEvent, id: string): { type: string; [field: string]: unknown }[] {
  const { index: output_index, block } = change;
  const isText = block.type === 'text';
  const item_id = `${isText ? 'msg' : 'fc'}_${id}`;
  const place = { item_id, output_index, ...(isText && { content_index: 0 }) };
  const item = (status: 'in_progress' | 'completed') => ({ output_index, item: itemOf(block, id, status) });
  switch (change.type) {
    case 'open':
      return [
        { type: 'response.output_item.added', ...item('in_progress') },
        ...(isText ? [{ type: 'response.content_part.added', ...place, part: textPart('') }] : []),
      ];
    case 'grow':
      return [
        isText
          ? { type: 'response.output_text.delta', ...place, delta: change.by, logprobs: [] }
          : { type: 'response.function_call_arguments.delta', ...place, delta: change.by },
      ];
    case 'close':
      return [
        ...(isText
          ? [
              { type: 'response.output_text.done', ...place, text: block.text, logprobs: [] },
              { type: 'response.content_part.done', ...place, part: textPart(block.text) },
            ]
          : [
              {
                type: 'response.function_call_arguments.done',
                ...place,
                name: block.name,
                arguments: block.json,
              },
            ]),
        { type: 'response.output_item.done', ...item('completed') },
      ];
    default:
      return change satisfies never;
  }
}

const usageOf = ({ promptTokens, completionTokens, forwards, steps }: Result): object => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + completionTokens,
  forwards,
  steps,
});
