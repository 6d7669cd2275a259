import { isObject } from '../base/is-object.ts';
import type { ChatMessage } from '../tokenizer/chat-template.ts';
import type { BadRowReason } from './bad-rows.ts';
import { messageIn, type Row, toolsOfRow } from './row-messages.ts';

/** A conversation of a row. */
export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** Whether each message is to be learned, if it is an answer. */
  readonly learned: readonly boolean[];
  /** What the model may call in it. */
  readonly tools: readonly object[];
}

/**
 * A conversation of a row, or why there is none in it. What a row is, its keys say:
 *
 *     messages, conversations   messages as in `messageIn`; `system` and `tools` may stand beside them
 *     turns                     texts of the user and the assistant in turn
 *     instruction, output       Alpaca's, with `input`, `system` and `history` [[question, answer]] if it has them
 *     prompt, question,         with answer, response, completion or output: texts, or lists of messages as TRL has them
 *     query or input
 *
 * A row that is itself a list is one of messages. `label` or `kto_tag` false says that the answer is a bad one (KTO).
 */
export function conversationIn(given: unknown): Conversation | BadRowReason {
  const row: unknown = Array.isArray(given) ? { messages: given } : given;
  if (!isObject(row)) return 'no conversation';
  const shape = shapes.find(({ has }) => has(row));
  if (!shape) return 'no conversation';
  if (row.weight !== undefined && row.weight !== null && row.weight !== 1)
    return row.weight === 0 ? 'nothing of weight 1' : 'a weight other than 0 and 1';
  if (row.label === false || row.kto_tag === false) return 'an answer labelled as bad';
  const tools = toolsOfRow(row);
  if (tools === undefined) return 'not a list of tools';
  const read = shape.read(row);
  if (typeof read === 'string') return read;
  const messages = read.map(messageIn);
  const bad = messages.find((message) => typeof message === 'string');
  if (bad !== undefined) return bad;
  const good = messages.filter((message) => typeof message !== 'string');
  if (!good.some(({ message }) => message.role === 'assistant')) return 'no answer';
  return {
    messages: good.map(({ message }) => message),
    learned: good.map(({ isLearned }) => isLearned),
    tools,
  };
}

interface Shape {
  has(row: Row): boolean;
  /** Its messages, of any form. */
  read(row: Row): readonly Row[] | BadRowReason;
}

const list = (key: string): Shape => ({
  has: (row) => Array.isArray(row[key]) && (row[key] as unknown[]).every(isObject),
  read: (row) => [...systemIn(row), ...(row[key] as Row[])],
});

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
      const { instruction, input, output } = row;
      const history = row.history ?? [];
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
    read(row) {
      const [asked, said] = [first(row, questions), first(row, answers)];
      return [...systemIn(row), ...messagesIn(asked, 'user'), ...messagesIn(said, 'assistant')];
    },
  },
];

const questions = ['prompt', 'question', 'query', 'input'];
const answers = ['answer', 'response', 'completion', 'output'];
const first = (row: Row, keys: readonly string[]): unknown =>
  keys.map((key) => row[key]).find((value) => value !== undefined);

const turn = (question: unknown, answer: unknown): Row[] => [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
];

/** A list of messages, or one of a role. */
const messagesIn = (said: unknown, role: string): readonly Row[] =>
  Array.isArray(said) && said.length > 0 && said.every(isMessage) ? said : [{ role, content: said }];

const isMessage = (one: unknown): one is Row => isObject(one) && (one.role ?? one.from) !== undefined;

const systemIn = ({ system }: Row): Row[] =>
  typeof system === 'string' && system.trim() !== '' ? [{ role: 'system', content: system }] : [];
