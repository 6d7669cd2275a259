import type { ToolForm } from '../../tokenizer/tool-form.ts';
import type { Job, JobProgress, Result } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { type BlockEvent, type ReplyBlock, ReplyBlocks, replyBlocks } from './reply-blocks.ts';

/** What an answer says of the body that asked for it. */
interface AskedBody {
  readonly stream?: boolean;
  readonly instructions?: string;
  readonly max_output_tokens?: number;
  readonly parallel_tool_calls?: boolean;
  readonly reasoning?: { readonly effort?: string | null } | null;
  readonly temperature?: number;
  readonly text?: object;
  readonly tool_choice?: unknown;
  readonly tools?: readonly object[];
  readonly top_p?: number;
}

/** An answer in the shape of OpenAI's responses. */
export function responsesAnswer(
  body: AskedBody,
  asked: ApiRequest,
  job: Job,
  form: ToolForm | undefined,
): Answer {
  const said = new SaidResponse(body, asked, form);
  return {
    jobs: [job],
    choices: 1,
    stream: body.stream ? 'named events' : undefined,
    whole: ([result]) => said.ended(result, replyBlocks(result.text, form)),
    opening: () =>
      ['response.created', 'response.in_progress'].map((type) =>
        said.event(type, { response: said.response({ status: 'in_progress' }) }),
      ),
    progress: (choice, progress) => said.progress(choice, progress),
    ended: (_choice, result) => said.last(result),
  };
}

/** The objects of one answer, whole or as a stream. */
class SaidResponse {
  readonly #id: string;
  /** What all of them say of the response. */
  readonly #told: object;
  readonly #reply: ReplyBlocks;
  #events = 0;

  constructor(body: AskedBody, { id, nowMs, model }: ApiRequest, form: ToolForm | undefined) {
    this.#id = id.replace('unmask-', '');
    this.#reply = new ReplyBlocks(form);
    this.#told = {
      id: `resp_${this.#id}`,
      object: 'response',
      created_at: Math.floor(nowMs / 1000),
      model,
      ...toldOf(body),
    };
  }

  event(type: string, more: object): object {
    return { type, sequence_number: this.#events++, ...more };
  }

  response(more: object): object {
    return { ...this.#told, usage: null, output: [], ...more };
  }

  ended(result: Result, blocks: readonly ReplyBlock[]): object {
    return this.response({
      status: result.finish === 'stop' ? 'completed' : 'incomplete',
      ...(result.finish === 'length' && { incomplete_details: { reason: 'max_output_tokens' } }),
      output: blocks.map((block, i) => itemOf(block, `${this.#id}_${i}`, 'completed')),
      usage: usageOf(result),
      seed: result.seed,
    });
  }

  progress(choice: number, { text, frame }: JobProgress): object[] {
    const changes = this.#changed(this.#reply.read(text));
    return frame
      ? [...changes, this.event('unmask.diffusion', { diffusion: { choice, ...frame } })]
      : changes;
  }

  last(result: Result): object[] {
    const changes = this.#changed(this.#reply.finish());
    const type = result.finish === 'stop' ? 'response.completed' : 'response.incomplete';
    return [...changes, this.event(type, { response: this.ended(result, this.#reply.blocks) })];
  }

  #changed(changes: readonly BlockEvent[]): object[] {
    return changes
      .flatMap((change) => blockEvents(change, `${this.#id}_${change.index}`))
      .map(({ type, ...more }) => this.event(type, more));
  }
}

const toldOf = (body: AskedBody): object => ({
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
});

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
