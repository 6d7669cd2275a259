import { counted } from '../base/format-count.ts';
import { InvalidOptionError } from '../base/errors.ts';
import type { ChatMessage, ChatTemplate } from '../tokenizer/chat-template.ts';
import type { BadRowReason } from './bad-rows.ts';
import { conversationIn } from './dialogues.ts';
import { readJsonRows } from './json-rows.ts';
import { isPair, preferenceIn } from './preference-rows.ts';
import { rowKinds } from './sources.ts';
import type { TokenReading } from './token-store.ts';
import type { TokenPart } from './token-files.ts';

/** One answer to what was said before it, or several to the same. */
interface Exchange {
  readonly before: readonly ChatMessage[];
  readonly answers: readonly ChatMessage[];
  /** What the model may call. */
  readonly tools: readonly object[];
}

/** What is learned from a row: every answer of a conversation, or a pair of answers to one. */
export interface RowMeaning {
  readonly name: string;
  /** Answers of an exchange, which follow each other in the store. */
  readonly answers: number;
  /** The exchanges of a row in their order, or why there are none. */
  readonly exchangesIn: (row: unknown) => readonly Exchange[] | BadRowReason;
  /** How many answers of a row aren't learned because it says so. */
  readonly unlearnedIn: (row: unknown) => number;
}

/** Every answer of a conversation that isn't of weight 0, with what was said before it. */
export const everyAnswer: RowMeaning = {
  name: 'answers',
  answers: 1,
  exchangesIn(row) {
    const read = conversationIn(row);
    if (typeof read === 'string') return isPair(row) ? 'no conversation but a pair' : read;
    const { messages, learned, tools } = read;
    const exchanges = messages.flatMap((message, i) =>
      message.role === 'assistant' && learned[i]
        ? [{ before: messages.slice(0, i), answers: [message], tools }]
        : [],
    );
    return exchanges.length > 0 ? exchanges : 'nothing of weight 1';
  },
  unlearnedIn(row) {
    const read = conversationIn(row);
    if (typeof read === 'string') return 0;
    return read.messages.filter(({ role }, i) => role === 'assistant' && !read.learned[i]).length;
  },
};

/** The chosen answer and the rejected one. */
export const pairsOfAnswers: RowMeaning = {
  name: 'preferences',
  answers: 2,
  exchangesIn(row) {
    const pair = preferenceIn(row);
    if (typeof pair === 'string') return pair;
    return [{ before: pair.before, answers: [pair.chosen, pair.rejected], tools: pair.tools }];
  },
  unlearnedIn: () => 0,
};

/** Rows as examples of at most L tokens: each answer, with as much of what was said before it as fits. */
export function exchangesReading(
  { name, exchangesIn, unlearnedIn }: RowMeaning,
  template: ChatTemplate,
  endId: number,
  L: number,
): TokenReading {
  return {
    kinds: rowKinds,
    identity: [name, L],
    async *parts(sources, counter, signal) {
      const cuts = new Cuts(L);
      for (const source of sources) {
        const { path } = source;
        for await (const row of readJsonRows(source, { signal })) {
          const { line } = row;
          const read = row.reason ?? exchangesIn(row.value);
          const parts =
            typeof read === 'string' ? read : partsOf(read, template, endId, cuts, `${path}:${line}`);
          if (typeof parts === 'string') {
            counter.bad({ path, line, reason: parts });
            continue;
          }
          counter.good();
          if (row.reason === undefined) cuts.unlearned += unlearnedIn(row.value);
          for (const [i, part] of parts.entries()) yield { ...part, ends: i === parts.length - 1 };
        }
      }
      return cuts.lines();
    },
  };
}

/** The examples of a row's exchanges; one that leaves no room for each of its answers is skipped. */
function partsOf(
  exchanges: readonly Exchange[],
  template: ChatTemplate,
  endId: number,
  cuts: Cuts,
  place: string,
): TokenPart[] | BadRowReason {
  try {
    const parts: TokenPart[] = [];
    if (exchanges.some((exchange) => leavesOutCalls(exchange, template)))
      return 'tool calls that the chat template leaves out';
    for (const { examples, dropped } of fitted(exchanges, template, endId, cuts.L)) {
      const kept = examples.map(({ prompt, answer }) => answer.slice(0, Math.max(0, cuts.L - prompt.length)));
      const [first, ...others] = kept.map(String);
      const isPassedOver = kept.some(({ length }) => length === 0) || others.includes(first);
      cuts.add(examples, isPassedOver ? kept.map(() => []) : kept, dropped, place);
      if (isPassedOver) continue;
      for (const [i, { prompt, bytes }] of examples.entries())
        parts.push({ ids: [...prompt, ...kept[i]], bytes, ends: false, given: prompt.length });
    }
    return parts.length > 0 ? parts : 'too long for the context';
  } catch (error) {
    if (error instanceof InvalidOptionError) return 'refused by the chat template';
    throw error;
  }
}

/** Whether a conversation is written the same without its calls of tools. */
function leavesOutCalls({ before, answers, tools }: Exchange, template: ChatTemplate): boolean {
  return answers.some((answer) => {
    const messages = [...before, answer];
    if (!messages.some(({ tool_calls: calls }) => calls !== undefined)) return false;
    const written = (all: readonly ChatMessage[]) =>
      template.encode(all, { addGenerationPrompt: false, ...(tools.length > 0 && { tools }) }).text;
    const without = messages.map(({ role, content }) => ({ role, content }));
    return written(messages) === written(without);
  });
}

interface Example {
  readonly prompt: readonly number[];
  /** With the token that ends it. */
  readonly answer: readonly number[];
  readonly bytes: number;
}

/** Every exchange with as much of what came before as fits beside its longest answer, the system's message always. */
function* fitted(
  exchanges: readonly Exchange[],
  template: ChatTemplate,
  endId: number,
  L: number,
): Generator<{ readonly examples: readonly Example[]; readonly dropped: boolean }, void, void> {
  const encoded = (
    before: readonly ChatMessage[],
    message: ChatMessage,
    tools: readonly object[],
  ): Example => {
    const options = tools.length > 0 ? { tools } : {};
    const { prompt, answer } = template.encodeAnswer([...before, message], options);
    if (answer.at(-1) !== template.turnEndId || template.turnEndId === undefined) answer.push(endId);
    return { prompt, answer, bytes: Buffer.byteLength(message.content) };
  };
  // what doesn't fit before one answer doesn't before the next
  let from = 0;
  for (const { before, answers, tools } of exchanges) {
    const system = before[0]?.role === 'system' ? before.slice(0, 1) : [];
    const turns = before.slice(system.length);
    for (;;) {
      const kept = [...system, ...turns.slice(from)];
      const examples = answers.map((message) => encoded(kept, message, tools));
      const next = turns.findIndex(({ role }, at) => at > from && role === 'user');
      if (next < 0 || examples.every(({ prompt, answer }) => prompt.length + answer.length <= L)) {
        yield { examples, dropped: from > 0 };
        break;
      }
      from = next;
    }
  }
}

/** What had to be left out of examples, to be told. */
class Cuts {
  readonly L: number;
  /** Answers that their rows say not to learn. */
  unlearned = 0;
  #answers = 0;
  #tokens = 0;
  #of = 0;
  #shortened = 0;
  #skipped = 0;
  #first = '';

  constructor(L: number) {
    this.L = L;
  }

  add(
    examples: readonly Example[],
    kept: readonly (readonly number[])[],
    dropped: boolean,
    place: string,
  ): void {
    for (const [i, { answer }] of examples.entries()) {
      const lost = answer.length - kept[i].length;
      this.#of += answer.length;
      if (dropped) this.#shortened++;
      if (kept[i].length === 0) this.#skipped++;
      if (lost === 0) continue;
      this.#answers++;
      this.#tokens += lost;
      this.#first ||= place;
    }
  }

  lines(): string[] {
    const lines: string[] = [];
    if (this.unlearned > 0)
      lines.push(`${counted(this.unlearned, 'answer')} of weight 0: read, and not learned`);
    if (this.#shortened > 0)
      lines.push(
        `before ${counted(this.#shortened, 'answer')} the oldest turns were left out, to fit into ${this.L} tokens`,
      );
    if (this.#answers > 0) {
      const share = ((100 * this.#tokens) / this.#of).toFixed(1);
      const whole = this.#skipped > 0 ? `, ${this.#skipped} of them wholly` : '';
      lines.push(
        `${counted(this.#answers, 'answer was', 'answers were')} cut to ${this.L} tokens with what came before${whole}: ${counted(this.#tokens, 'token')}, ${share} % of all (the first at ${this.#first})`,
      );
    }
    return lines;
  }
}
