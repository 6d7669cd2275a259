import { isObject } from '../base/is-object.ts';
import { type ChatMessage, roles } from '../tokenizer/chat-template.ts';
import type { BadRowReason } from './bad-rows.ts';

/** A row of a .jsonl file, before anything of it is checked. */
export type Row = Readonly<Record<string, unknown>>;

/** A message of a row, in one form, and whether it is to be learned. */
export interface RowMessage {
  readonly message: ChatMessage;
  readonly isLearned: boolean;
}

/** Names of roles elsewhere: ShareGPT's, and OpenAI's for what is now a tool. */
const roleNames: Readonly<Record<string, ChatMessage['role']>> = {
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  observation: 'tool',
  function: 'tool',
  function_response: 'tool',
};

/**
 * A message as rows have it, in one form, or why it can't be had.
 *
 *     role, content       or ShareGPT's from, value; the content a text, or a list of parts {type: "text", text}
 *     tool_calls          beside a content that is null, empty or absent; also as function_call, or as a text of JSON
 *                         from "function_call", as LLaMA-Factory has it
 *     weight              0 or 1: whether an answer is learned (OpenAI); also as train or training (axolotl), loss or
 *                         loss_scale (ms-swift)
 *
 * Axolotl's train_detail says what of an answer is learned: there is no such thing here, and the row is refused.
 */
export function messageIn(row: Row): RowMessage | BadRowReason {
  const { role, from, content, value, tool_calls, function_call, ...others } = row;
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !weights.includes(key)));
  const isLearned = learnedIn(weights.map((key) => others[key]));
  if (isLearned === undefined) return 'a weight other than 0 and 1';
  const named = role ?? from;
  const isCall = named === 'function_call';
  const speaker = isCall ? 'assistant' : roleIn(named);
  if (speaker === undefined) return 'unknown role';
  const calls = callsIn(isCall ? (content ?? value) : (tool_calls ?? function_call));
  if (calls === undefined) return 'not a tool call';
  const text = calls.length > 0 && (isCall || isNothing(content ?? value)) ? '' : textIn(content ?? value);
  if (text === undefined) return 'not a text';
  if (text.trim() === '' && calls.length === 0 && speaker !== 'system') return 'empty';
  if (/\p{Surrogate}/u.test(text)) return 'half a surrogate pair';
  const said = { ...rest, role: speaker, content: text.replaceAll('\r\n', '\n') };
  return { message: calls.length > 0 ? { ...said, tool_calls: calls } : said, isLearned };
}

function roleIn(name: unknown): ChatMessage['role'] | undefined {
  if (typeof name !== 'string') return undefined;
  if (Object.hasOwn(roleNames, name)) return roleNames[name];
  return roles.find((role) => role === name);
}

/** What says of a message whether it is learned. */
const weights = ['weight', 'train', 'training', 'train_detail', 'loss', 'loss_scale'];

/** Undefined for a value that is neither yes nor no. */
function learnedIn(values: readonly unknown[]): boolean | undefined {
  const given = values.filter((value) => value !== undefined && value !== null);
  if (!given.every((value) => value === 0 || value === 1 || typeof value === 'boolean')) return undefined;
  return given.every(Boolean);
}

const isNothing = (content: unknown): boolean =>
  content === undefined ||
  content === null ||
  content === '' ||
  (Array.isArray(content) && content.length === 0);

/** A text, or the texts of parts put together; undefined where something else is among them. */
function textIn(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part: unknown) =>
    isObject(part) && (part.type === 'text' || part.type === undefined) ? part.text : undefined,
  );
  return texts.every((text) => typeof text === 'string') ? texts.join('') : undefined;
}

/** Calls as templates read them: {type, function: {name, arguments}}, the arguments an object; undefined for something else. */
function callsIn(value: unknown): object[] | undefined {
  if (isNothing(value)) return [];
  const parsed = typeof value === 'string' ? jsonIn(value) : value;
  const calls = [parsed].flat().map((call: unknown) => {
    const called = isObject(call) && isObject(call.function) ? call.function : call;
    if (!isObject(called) || typeof called.name !== 'string') return undefined;
    const given = called.arguments ?? called.parameters ?? {};
    const named = {
      name: called.name,
      arguments: typeof given === 'string' ? (jsonIn(given) ?? given) : given,
    };
    const id = isObject(call) && typeof call.id === 'string' ? { id: call.id } : {};
    return { ...id, type: 'function', function: named };
  });
  return calls.every((call) => call !== undefined) ? calls : undefined;
}

/** The tools that a row says a model may call; undefined for something else. */
export function toolsOfRow({ tools, functions }: Row): readonly object[] | undefined {
  const given = tools ?? functions;
  if (isNothing(given)) return [];
  const parsed: unknown = typeof given === 'string' ? jsonIn(given) : given;
  if (!Array.isArray(parsed) || !parsed.every(isObject)) return undefined;
  return parsed.map((tool) => ('function' in tool ? tool : { type: 'function', function: tool }));
}

/** The value of a text of JSON; undefined where it is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
