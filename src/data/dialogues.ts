import { isObject } from '../checkpoint/json.ts';
import { type ChatMessage, roles } from '../tokenizer/chat-template.ts';
import type { BadRowReason } from './bad-rows.ts';

type Row = Readonly<Record<string, unknown>>;
type Reading = readonly ChatMessage[] | BadRowReason;

/**
 * A conversation of a row, or why there is none in it. What a row is, its keys say:
 *
 *     messages, conversations   [{role, content}], or ShareGPT's [{from, value}]; `system` may stand beside it
 *     turns                     texts of the user and the assistant in turn
 *     instruction, output       Alpaca's, with `input`, `system` and `history` [[question, answer]] if it has them
 *     prompt or question        with answer, response, completion or output
 */
export function conversationIn(row: unknown): Reading {
  if (!isObject(row)) return 'no conversation';
  const shape = shapes.find(({ has }) => has(row));
  if (!shape) return 'no conversation';
  const messages = shape.read(row);
  return typeof messages === 'string' ? messages : checked(messages);
}

interface Shape {
  has(row: Row): boolean;
  read(row: Row): readonly Message[] | BadRowReason;
}

/** A message before it is known to be one. */
interface Message {
  readonly role: unknown;
  readonly content: unknown;
}

const list = (key: string): Shape => ({
  has: (row) => Array.isArray(row[key]) && (row[key] as unknown[]).every(isObject),
  read: (row) => [
    ...systemIn(row),
    ...(row[key] as Row[]).map(({ role, content, from, value, ...rest }) => ({
      ...rest,
      role:
        role ?? (typeof from === 'string' && Object.hasOwn(shareGptRoles, from) ? shareGptRoles[from] : from),
      content: content ?? value,
    })),
  ],
});

/** ShareGPT's names. */
const shareGptRoles: Readonly<Record<string, ChatMessage['role']>> = {
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  observation: 'tool',
};

const shapes: readonly Shape[] = [
  list('messages'),
  list('conversations'),
  {
    has: ({ turns }) => Array.isArray(turns),
    read: (row) => [
      ...systemIn(row),
      ...(row.turns as unknown[]).map((content, i) => ({
        role: i % 2 === 0 ? 'user' : 'assistant',
        content,
      })),
    ],
  },
  {
    has: ({ instruction, output }) => instruction !== undefined && output !== undefined,
    read(row) {
      const { instruction, input, output, history = [] } = row;
      if (typeof instruction !== 'string') return 'not a text';
      if (!Array.isArray(history) || !history.every((turn) => Array.isArray(turn))) return 'no conversation';
      const asked =
        typeof input === 'string' && input.trim() !== '' ? `${instruction}\n\n${input}` : instruction;
      const before = (history as unknown[][]).map(([question, answer]) => turn(question, answer));
      return [...systemIn(row), ...before.flat(), ...turn(asked, output)];
    },
  },
  {
    has: (row) => first(row, questions) !== undefined && first(row, answers) !== undefined,
    read: (row) => [...systemIn(row), ...turn(first(row, questions), first(row, answers))],
  },
];

const questions = ['prompt', 'question'];
const answers = ['answer', 'response', 'completion', 'output'];
const first = (row: Row, keys: readonly string[]): unknown =>
  keys.map((key) => row[key]).find((value) => value !== undefined);

const turn = (question: unknown, answer: unknown): Message[] => [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
];

const systemIn = ({ system }: Row): Message[] =>
  typeof system === 'string' && system.trim() !== '' ? [{ role: 'system', content: system }] : [];

function checked(messages: readonly Message[]): Reading {
  if (!messages.some(({ role }) => role === 'assistant')) {
    return messages.every(({ role }) => isRole(role)) ? 'no answer' : 'unknown role';
  }
  for (const { role, content } of messages) {
    if (!isRole(role)) return 'unknown role';
    if (typeof content !== 'string') return 'not a text';
    if (content.trim() === '') return 'empty';
    if (/\p{Surrogate}/u.test(content)) return 'half a surrogate pair';
  }
  return messages.map((message) => ({
    ...(message as ChatMessage),
    content: (message.content as string).replaceAll('\r\n', '\n'),
  }));
}

const isRole = (role: unknown): boolean => (roles as readonly unknown[]).includes(role);
