import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import type { Language } from '../../sampling/constraint/language.ts';
import type { FlatSamplingOptions } from '../../sampling/options.ts';
import type { Job } from '../worker/protocol.ts';
import { requestJson } from '../http/body.ts';
import { limits } from '../http/limits.ts';
import type { ApiRequest } from './answer.ts';
import type { Call } from './call-reader.ts';
import { type CommonBody, jobOf } from './common-fields.ts';
import { answersOf, toldOf, type ToolRequest, type ToolUse, toolUseOf } from './tools.ts';

/** A message as every API has it, whatever it calls its parts. */
export interface Said {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  /** What an assistant called. */
  readonly calls?: readonly (Call & { readonly id: string })[];
  /** Of a tool: the call that it answers. */
  readonly callId?: string;
}

/** A conversation whose next answer is wanted: the one request that the APIs of OpenAI, Anthropic and Ollama all come to. */
export interface ChatRequest {
  readonly messages: readonly Said[];
  readonly tools?: ToolRequest;
  /** What is asked of sampling, under OpenAI's names. */
  readonly body: CommonBody;
  /** What an answer that is text has to be. */
  readonly constraint?: {
    readonly sampling?: Partial<FlatSamplingOptions>;
    readonly language?: Language;
    readonly answers?: readonly string[];
  };
  /** Whether the last message is the beginning of the answer. */
  readonly continues?: boolean;
  readonly logprobs?: boolean;
  /** So many of the likeliest tokens are told with them. */
  readonly top?: number;
}

/**
 * The job of a conversation, and how its answer calls functions, if it may.
 *
 * @throws InvalidOptionError  for what contradicts itself
 */
export function chatJob(request: ChatRequest, asked: ApiRequest): { job: Job; use: ToolUse | undefined } {
  const { body, constraint = {}, continues, logprobs, top } = request;
  const use = toolUseOf(request.tools, asked.facts);
  if (continues && constraint.answers)
    throw new InvalidOptionError('choices', 'must be whole answers, none has begun', constraint.answers);
  if (use && constraint.answers)
    throw new InvalidOptionError(
      'choices',
      "can't be used with tools: the answer is one of them",
      constraint.answers,
    );
  if (use && body.diffusing)
    throw new InvalidOptionError(
      'diffusing',
      'shows texts and no calls; diffusion shows the steps of both',
      true,
    );
  const turns = turnsOf(request.messages, use, asked);
  const tools = use?.isTaught ? use.tools.map((tool) => ({ type: 'function', function: tool })) : undefined;
  const { jsonSchema, regex } = constraint.sampling ?? {};
  const text: Language | undefined = jsonSchema
    ? { kind: 'json', schema: jsonSchema }
    : regex === undefined
      ? constraint.language
      : { kind: 'regex', regex };
  const job = jobOf(
    body,
    { kind: 'chat', turns, ...(tools && { tools }), ...(continues && { continues }) },
    asked,
    {
      logprobs,
      top,
      ...(use ? { language: answersOf(use, text) } : constraint),
    },
  );
  return { job, use };
}

/** Whether a conversation ends within an answer: for APIs in which the model then goes on with it. */
export function endsInAnswer(messages: readonly Said[]): boolean {
  const last = messages.at(-1);
  return last?.role === 'assistant' && (last.calls ?? []).length === 0;
}

/** Characters of what a model is told of functions, for each token that it can read: more would leave no room for the rest. */
const toldShare = 1;

/** The messages as a template reads them: with calls as it knows them, or as text. */
function turnsOf(messages: readonly Said[], use: ToolUse | undefined, asked: ApiRequest): ChatMessage[] {
  const { toolForm, maxLength } = asked.facts;
  const nameOf = new Map(messages.flatMap(({ calls = [] }) => calls.map(({ id, name }) => [id, name])));
  const turns = messages.map(({ role, text, calls = [], callId = '' }): ChatMessage => {
    const name = nameOf.get(callId) ?? callId;
    if (role === 'tool')
      return toolForm
        ? { role, content: text, tool_call_id: callId, name }
        : { role: 'user', content: `${name}: ${text}` };
    if (calls.length === 0) return { role, content: text };
    if (!toolForm) return { role, content: [text, ...calls.map(spelled)].join('\n').trim() };
    return { role, content: text, tool_calls: calls.map(calledAs) };
  });
  if (!use || use.isTaught) return turns;
  const told = toldOf(use);
  if (told.length > toldShare * maxLength) {
    asked.ignore('tools.description');
    return turns;
  }
  const [first, ...rest] = turns;
  return first?.role === 'system'
    ? [{ role: 'system', content: `${first.content}\n\n${told}` }, ...rest]
    : [{ role: 'system', content: told }, ...turns];
}

const spelled = ({ name, json }: Call): string => `{"name": "${name}", "arguments": ${json}}`;

/** A call as templates read it: with arguments that are no text. */
const calledAs = ({ id, name, json }: Call & { readonly id: string }): object => ({
  type: 'function',
  id,
  function: { name, arguments: argumentsIn(json) },
});

/** @throws HttpError  for a history in which a call has no JSON as its arguments */
const argumentsIn = (json: string): unknown =>
  requestJson(json || '{}', limits, 'messages: the arguments of a call');
