import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../base/is-object.ts';
import type { ChatMessage } from '../tokenizer/chat-template.ts';
import type { BadRowReason } from './bad-rows.ts';
import { conversationIn } from './dialogues.ts';

/** Two answers to the same conversation. */
export interface Preference {
  readonly before: readonly ChatMessage[];
  readonly chosen: ChatMessage;
  readonly rejected: ChatMessage;
  /** What the model may call. */
  readonly tools: readonly object[];
}

type Row = Readonly<Record<string, unknown>>;

/**
 * The pair of answers of a row, or why there is none in it. What is asked is as in `conversationIn`, with `chosen` and
 * `rejected` in the place of an answer, each of them
 *
 *     a text
 *     a message             {role, content} or {from, value}
 *     a list of messages    of the answer alone, or of the whole conversation that ends with it
 *
 * LLaMA-Factory's and TRL's rows are such. A list as `prompt` is read as `messages`. OpenAI's rows have `input` with
 * `messages` and `tools`, `preferred_output` and `non_preferred_output`.
 */
export function preferenceIn(given: unknown): Preference | BadRowReason {
  const row = isOpenAiPair(given)
    ? { ...given.input, chosen: given.preferred_output, rejected: given.non_preferred_output }
    : given;
  if (Array.isArray(row))
    return typeof conversationIn(row) === 'string' ? 'no conversation' : 'no pair but a conversation';
  if (!isObject(row)) return 'no conversation';
  const { chosen, rejected, ...asked } = row;
  if (!isPair(row) && typeof conversationIn(row) !== 'string') return 'no pair but a conversation';
  if (chosen === undefined || chosen === null) return 'no chosen answer';
  if (rejected === undefined || rejected === null) return 'no rejected answer';
  const better = conversationIn(answered(asked, chosen));
  if (typeof better === 'string') return better;
  const worse = conversationIn(answered(asked, rejected));
  if (typeof worse === 'string') return worse;
  const [first, second] = [better.messages.at(-1)!, worse.messages.at(-1)!];
  if (first.role !== 'assistant' || second.role !== 'assistant') return 'no answer';
  const before = better.messages.slice(0, -1);
  if (!isDeepStrictEqual(before, worse.messages.slice(0, -1))) return 'answers to different questions';
  if (isDeepStrictEqual(first, second)) return 'equal answers';
  return { before, chosen: first, rejected: second, tools: better.tools };
}

/** Whether a row has two answers, or one of them. */
export const isPair = (row: unknown): boolean =>
  isOpenAiPair(row) ||
  (isObject(row) && [row.chosen, row.rejected].some((answer) => answer !== undefined && answer !== null));

const isOpenAiPair = (row: unknown): row is Row & { readonly input: Row } =>
  isObject(row) && isObject(row.input) && 'preferred_output' in row && 'non_preferred_output' in row;

/** The row of a conversation that ends with the answer. */
function answered(asked: Row, answer: unknown): Row {
  const before = [asked.messages, asked.conversations, asked.prompt].find((value) => Array.isArray(value));
  const messages = isObject(answer) ? [answer] : answer;
  if (!Array.isArray(messages)) {
    if (before === undefined) return withText(asked, answer);
    return { system: asked.system, messages: [...before, { role: 'assistant', content: answer }] };
  }
  if (isWhole(messages)) return { system: asked.system, messages };
  if (before !== undefined) return { system: asked.system, messages: [...before, ...messages] };
  return messages.length === 1 && isFrom(messages[0], 'assistant', 'gpt')
    ? withText(asked, messages[0].content ?? messages[0].value)
    : {};
}

/** As the keys of a question have it, whichever they are. */
const withText = (asked: Row, answer: unknown): Row => ({ ...asked, answer, output: answer });

/** Whether messages begin with a question. */
const isWhole = (messages: readonly unknown[]): boolean =>
  isFrom(
    messages.find((message) => !isFrom(message, 'system')),
    'user',
    'human',
  );

const isFrom = (message: unknown, ...names: readonly string[]): message is Row =>
  isObject(message) && names.includes(String(message.role ?? message.from));
