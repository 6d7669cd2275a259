import { z } from 'zod';
import type { ToolForm } from '../../tokenizer/tool-form.ts';
import { limits } from '../http/limits.ts';
import type { Job, JobProgress, Result } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { chatJob, type ChatRequest, endsInAnswer, type Said } from './chat-request.ts';
import { commonFields, diffusionFields, stopField } from './common-fields.ts';
import { type BlockEvent, replyBlocks, type ReplyBlock, ReplyBlocks } from './reply-blocks.ts';
import { constraintOf } from './response-format.ts';
import { noEffects } from './tolerance.ts';
import { flatTool, type ToolRequest } from './tools.ts';

const onlyText = { error: 'must have a content that is text, tool_use and tool_result: only text is read' };

const textBlock = z.object({ type: z.literal('text'), text: z.string() });
const texts = z.union([z.string(), z.array(textBlock)], onlyText);

/** What a message is made of; what was thought of an earlier answer is skipped. */
const block = z.discriminatedUnion(
  'type',
  [
    textBlock,
    z.object({
      type: z.literal('tool_use'),
      id: z.string().max(256),
      name: z.string().max(64),
      input: z.record(z.string(), z.unknown()).default({}),
    }),
    z.object({ type: z.literal('tool_result'), tool_use_id: z.string().max(256), content: texts.nullish() }),
    z.object({ type: z.enum(['thinking', 'redacted_thinking']) }),
  ],
  onlyText,
);

const jsonFormat = z.object({
  type: z.literal('json_schema'),
  schema: z.record(z.string(), z.unknown()),
});

const given = {
  system: texts.optional(),
  messages: z
    .array(
      z.object({
        role: z.enum(['user', 'assistant', 'system']),
        content: z.union([z.string(), z.array(block)], onlyText),
      }),
    )
    .min(1)
    .max(limits.messages),
  tools: z
    .array(
      z.object({
        type: z.literal('custom', { error: 'must be tools of your own: there is no other here' }).nullish(),
        ...flatTool,
        input_schema: z.record(z.string(), z.unknown()),
      }),
    )
    .max(limits.tools)
    .optional()
    .describe('functions that the answer may call'),
  tool_choice: z
    .object({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .optional(),
};

const { diffusing: _, reasoning_effort: __, ...shownFields } = diffusionFields;

/** Anthropic's /v1/messages. */
export const messagesSchema = z.strictObject({
  ...commonFields,
  ...shownFields,
  ...noEffects(
    'thinking cache_control container context_management mcp_servers inference_geo n stop stream_options',
  ),
  ...given,
  stop_sequences: stopField,
  output_format: jsonFormat.optional(),
  output_config: z.object({ format: jsonFormat.nullish(), ...noEffects('effort') }).optional(),
});

/** What /v1/messages/count_tokens reads. */
export const countTokensSchema = z.strictObject({
  model: commonFields.model,
  ...noEffects('thinking cache_control context_management mcp_servers output_config output_format'),
  ...given,
});

type MessagesBody = z.output<typeof messagesSchema>;
type GivenBody = Pick<MessagesBody, 'system' | 'messages' | 'tools' | 'tool_choice'>;

/** Answers /v1/messages. */
export function messages(body: MessagesBody, asked: ApiRequest): Answer {
  const { stop_sequences, output_format, output_config, ...rest } = body;
  const format = output_config?.format ?? output_format;
  const conversation = conversationIn(body);
  const { job, use } = chatJob(
    {
      ...conversation,
      continues: endsInAnswer(conversation.messages),
      body: { ...rest, stop: stop_sequences },
      constraint: { sampling: constraintOf(format && { ...format, json_schema: { schema: format.schema } }) },
    },
    asked,
  );
  return messagesAnswer(body, asked, job, use?.form);
}

/** How many tokens a conversation takes. */
export function countMessageTokens(body: z.output<typeof countTokensSchema>, asked: ApiRequest): Answer {
  const { job } = chatJob({ ...conversationIn(body), body: {} }, asked);
  const { turns, tools } = job.task as Extract<Job['task'], { kind: 'chat' }>;
  return {
    jobs: [{ ...job, language: undefined, task: { kind: 'tokens', turns, tools } }],
    choices: 1,
    whole: ([{ promptTokens }]) => ({ input_tokens: promptTokens }),
  };
}

const conversationIn = (body: GivenBody): Pick<ChatRequest, 'messages' | 'tools'> => ({
  messages: [
    ...(body.system ? [{ role: 'system' as const, text: joined(body.system) }] : []),
    ...body.messages.flatMap(saidIn),
  ],
  tools: toolsIn(body),
});

const joined = (said: z.output<typeof texts> | null | undefined): string =>
  typeof said === 'string' ? said : (said ?? []).map(({ text }) => text).join('');

/** A message: its results of tools first, each as one of its own, then what is said or called. */
function saidIn({ role, content }: GivenBody['messages'][number]): Said[] {
  if (typeof content === 'string') return [{ role, text: content }];
  const results = content.flatMap((part): Said[] =>
    part.type === 'tool_result'
      ? [{ role: 'tool', text: joined(part.content), callId: part.tool_use_id }]
      : [],
  );
  const calls = content.flatMap((part) =>
    part.type === 'tool_use' ? [{ id: part.id, name: part.name, json: JSON.stringify(part.input) }] : [],
  );
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return text === '' && calls.length === 0 ? results : [...results, { role, text, calls }];
}

function toolsIn({ tools, tool_choice = { type: 'auto' } }: GivenBody): ToolRequest | undefined {
  const { type, name = '', disable_parallel_tool_use: isSingle = false } = tool_choice;
  if (!tools || type === 'none') return undefined;
  return {
    tools: tools.map(({ name: called, description, input_schema }) => ({
      name: called,
      description: description ?? undefined,
      parameters: input_schema,
    })),
    choice: type === 'tool' ? { name } : type === 'any' ? 'required' : 'auto',
    parallel: !isSingle,
  };
}

function messagesAnswer(
  body: MessagesBody,
  { id: asked, model }: ApiRequest,
  job: Job,
  form: ToolForm | undefined,
): Answer {
  const id = asked.replace('unmask-', '');
  const reply = new ReplyBlocks(form);
  const message = (more: object): object => ({
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    stop_reason: null,
    stop_sequence: null,
    ...more,
  });
  const reasonOf = ({ finish, stoppedBy }: Result, calls: number): object => ({
    stop_reason:
      finish === 'length'
        ? 'max_tokens'
        : stoppedBy !== undefined
          ? 'stop_sequence'
          : calls > 0
            ? 'tool_use'
            : 'end_turn',
    stop_sequence: stoppedBy ?? null,
  });
  return {
    jobs: [job],
    choices: 1,
    stream: body.stream ? 'named events' : undefined,
    whole([result]) {
      const blocks = replyBlocks(result.text, form);
      const content = blocks.map((part, i) => contentOf(part, `${id}_${i}`));
      const calls = blocks.filter(({ type }) => type === 'call').length;
      return message({ content, ...reasonOf(result, calls), usage: usageOf(result), seed: result.seed });
    },
    opening: () => [
      {
        type: 'message_start',
        message: message({ content: [], usage: { input_tokens: 0, output_tokens: 0 } }),
      },
    ],
    progress(choice, { text, frame }: JobProgress) {
      const changes = reply.read(text).map((change) => blockEvent(change, id));
      return frame ? [...changes, { type: 'ping', diffusion: { choice, ...frame } }] : changes;
    },
    ended: (_choice, result) => [
      ...reply.finish().map((change) => blockEvent(change, id)),
      { type: 'message_delta', delta: reasonOf(result, reply.calls), usage: usageOf(result) },
      { type: 'message_stop' },
    ],
  };
}

/** A part of an answer. Arguments that were cut off are none. */
function contentOf(part: ReplyBlock, id: string): object {
  if (part.type === 'text') return part;
  return { type: 'tool_use', id: `toolu_${id}`, name: part.name, input: inputOf(part.json) };
}

function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

function blockEvent(change: BlockEvent, id: string): object {
  const { index, block: part } = change;
  switch (change.type) {
    case 'open':
      return { type: 'content_block_start', index, content_block: contentOf(part, `${id}_${index}`) };
    case 'grow':
      return {
        type: 'content_block_delta',
        index,
        delta:
          part.type === 'text'
            ? { type: 'text_delta', text: change.by }
            : { type: 'input_json_delta', partial_json: change.by },
      };
    case 'close':
      return { type: 'content_block_stop', index };
    default:
      return change satisfies never;
  }
}

const usageOf = ({ promptTokens, completionTokens, forwards, steps }: Result): object => ({
  input_tokens: promptTokens,
  output_tokens: completionTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  forwards,
  steps,
});
