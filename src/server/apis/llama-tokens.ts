import { z } from 'zod';
import type { Answer, ApiRequest } from './answer.ts';
import { functionTool } from './tools.ts';
import { limits } from '../http/limits.ts';
import type { Service } from '../http/service.ts';
import type { Job, TokensTask } from '../worker/protocol.ts';
import { messageSchema, saidIn, toolsIn } from './chat.ts';
import { chatJob } from './chat-request.ts';
import { commonFields } from './common-fields.ts';
import { readingJob } from './reading-job.ts';
import { noEffects } from './tolerance.ts';

const { model } = commonFields;

/** llama.cpp's /tokenize. */
export const tokenizeSchema = z.strictObject({
  model,
  content: z.string().max(limits.textCharacters).default(''),
  with_pieces: z.boolean().optional().describe('tells of each token what it adds to the text'),
  ...noEffects('add_special parse_special'),
});

/** llama.cpp's /detokenize. */
export const detokenizeSchema = z.strictObject({
  model,
  tokens: z.array(z.int().min(0)).max(limits.textCharacters),
});

/** llama.cpp's /apply-template. */
export const applyTemplateSchema = z.strictObject({
  model,
  messages: z.array(messageSchema).min(1).max(limits.messages),
  tools: z.array(functionTool).max(limits.tools).optional(),
  ...noEffects('chat_template_kwargs add_generation_prompt tool_choice parallel_tool_calls'),
});

const told = (asked: ApiRequest, task: TokensTask, whole: Answer['whole']): Answer => ({
  jobs: [readingJob(asked.model, task)],
  choices: 1,
  whole,
});

/** Answers /tokenize. */
export const tokenizeText = (
  { content, with_pieces }: z.output<typeof tokenizeSchema>,
  asked: ApiRequest,
): Answer =>
  told(asked, { kind: 'tokens', text: content }, ([{ read }]) => ({
    tokens: with_pieces ? read!.ids.map((id, i) => ({ id, piece: read!.pieces[i] })) : read!.ids,
  }));

/** Answers /detokenize. */
export const detokenize = ({ tokens }: z.output<typeof detokenizeSchema>, asked: ApiRequest): Answer =>
  told(asked, { kind: 'tokens', ids: tokens }, ([{ read }]) => ({ content: read!.text }));

/** The text that a conversation becomes; special tokens in it are spelled. */
export function applyTemplate(body: z.output<typeof applyTemplateSchema>, asked: ApiRequest): Answer {
  const { job } = chatJob({ messages: saidIn(body.messages), tools: toolsIn(body), body: {} }, asked);
  const { turns, tools } = job.task as Extract<Job['task'], { kind: 'chat' }>;
  return told(asked, { kind: 'tokens', turns, tools }, ([{ read }]) => ({ prompt: read!.text }));
}

/** What llama.cpp's clients ask about the server. */
export function props({ models, engine, queue, version }: Service): Response {
  const [name] = models.keys();
  const { facts } = engine.status(name);
  return Response.json({
    default_generation_settings: { n_ctx: facts?.maxLength ?? 0, params: facts?.defaults ?? {} },
    total_slots: queue.size,
    model_alias: name,
    model_path: name,
    chat_template: '',
    modalities: { vision: false, audio: false },
    build_info: `unmask ${version}`,
    is_sleeping: false,
  });
}

/** What is being written: a slot is a text, and nothing is kept in one. */
export function slots({ models, engine, queue }: Service): Response {
  const [name] = models.keys();
  const n_ctx = engine.status(name).facts?.maxLength ?? 0;
  return Response.json(
    Array.from({ length: queue.size }, (_, id) => ({ id, n_ctx, is_processing: id < queue.running })),
  );
}
