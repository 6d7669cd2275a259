import type { ToolForm } from '../../tokenizer/tool-form.ts';
import type { Job, JobProgress, Result, TokenReport } from '../worker/protocol.ts';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { CallReader, readReply, type ReplyPiece } from './call-reader.ts';
import { choicesTold, usageOf } from './usage.ts';

/** What a body says of how the answer is said. */
interface ShownBody {
  readonly n?: number;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly logprobs?: boolean;
}

/** How an answer is said. */
interface ChatReply {
  readonly form?: ToolForm;
  /** What becomes of the text in the answer, which then comes whole, also in a stream. */
  readonly format?: (text: string) => string;
}

/** An answer in the shape of a chat; without a job it is known before anything is written. */
export function chatAnswer(
  body: ShownBody,
  asked: ApiRequest,
  { job, ...reply }: ChatReply & { readonly job?: Job },
): Answer {
  const said = new SaidChat(body, asked, reply);
  return {
    jobs: job ? choicesOf(job, body.n) : [],
    choices: body.n ?? 1,
    stream: body.stream ? 'events' : undefined,
    terminator: '[DONE]',
    whole: (results) => said.whole(results),
    opening: (index) => [said.chunk([delta(index, { role: 'assistant', content: '' })])],
    progress: (index, progress) => said.progress(index, progress),
    ended: (index, result) => said.ended(index, result),
    closing: (results) =>
      body.stream_options?.include_usage ? [said.chunk([], { usage: usageOf(results, body.n) })] : [],
  };
}

/** The objects of one answer, whole or as a stream. */
class SaidChat {
  readonly #body: ShownBody;
  readonly #id: string;
  /** What all objects have. */
  readonly #common: object;
  readonly #form: ToolForm | undefined;
  readonly #format: ((text: string) => string) | undefined;
  /** By choice. */
  readonly #readers = new Map<number, CallReader>();

  constructor(body: ShownBody, { id, nowMs, model }: ApiRequest, { form, format }: ChatReply) {
    this.#body = body;
    this.#id = id;
    this.#common = { id, created: Math.floor(nowMs / 1000), model };
    this.#form = form;
    this.#format = format;
  }

  whole(results: readonly Result[]): object {
    return {
      ...this.#common,
      object: 'chat.completion',
      choices: results.map((result, index) => this.#choice(result, index)),
      usage: usageOf(results, this.#body.n),
      seed: results[0].seed,
      ...choicesTold(results),
    };
  }

  #choice({ text: written, tokens, finish }: Result, index: number): object {
    const { text, calls } = readReply(written, this.#form);
    const content = calls.length > 0 ? text || null : (this.#format?.(text) ?? text);
    const tool_calls = calls.map(({ name, json }, call) => ({
      id: this.#callId(index, call),
      type: 'function',
      function: { name, arguments: json },
    }));
    return {
      index,
      message: { role: 'assistant', content, refusal: null, ...(calls.length > 0 && { tool_calls }) },
      logprobs: this.#reported(tokens),
      finish_reason: finishOf(finish, calls.length),
    };
  }

  chunk(choices: readonly object[], more: object = {}): object {
    return { ...this.#common, object: 'chat.completion.chunk', choices, ...more };
  }

  progress(index: number, { text, tokens, snapshot, frame }: JobProgress): object[] {
    if (this.#format) return [];
    const pieces =
      snapshot === undefined ? this.#readerOf(index).read(text) : [{ type: 'text', text: snapshot } as const];
    const deltas = pieces.map((piece) => deltaOf(piece, (call) => this.#callId(index, call)));
    const reports = this.#body.logprobs && tokens.length > 0;
    if (deltas.length === 0 && (reports || frame)) deltas.push({});
    return deltas.map((said, i) =>
      this.chunk(
        [delta(index, said, { logprobs: reports && i === 0 ? this.#reported(tokens) : null })],
        i === 0 && frame ? { diffusion: { choice: index, ...frame } } : {},
      ),
    );
  }

  ended(index: number, { text, tokens, finish, seed }: Result): object[] {
    const reader = this.#readerOf(index);
    const last = this.#format
      ? [this.chunk([delta(index, { content: this.#format(text) }, { logprobs: this.#reported(tokens) })])]
      : reader.finish().map((piece) => this.chunk([delta(index, deltaOf(piece, String))]));
    const reason = finishOf(finish, reader.calls);
    return [...last, this.chunk([delta(index, {}, { finish_reason: reason })], { seed })];
  }

  #readerOf(choice: number): CallReader {
    if (!this.#readers.has(choice)) this.#readers.set(choice, new CallReader(this.#form));
    return this.#readers.get(choice)!;
  }

  #callId(choice: number, call: number): string {
    return `call_${this.#id.replace('unmask-', '')}_${choice}_${call}`;
  }

  #reported(tokens: readonly TokenReport[]): object | null {
    return this.#body.logprobs ? { content: tokens.map(logprobOf), refusal: null } : null;
  }
}

const finishOf = (finish: Result['finish'], calls: number): string =>
  calls > 0 && finish === 'stop' ? 'tool_calls' : finish;

const delta = (index: number, said: object, more: object = {}): object => ({
  index,
  delta: said,
  logprobs: null,
  finish_reason: null,
  ...more,
});

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
