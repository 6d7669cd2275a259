import { fittingMessages } from '../../src/base/fitting-messages.ts';
import { ApiError, post } from '../client.ts';
import type { Message } from '../core/conversation.ts';

/** How much of what a model can read a conversation takes. */
export interface Context {
  /** The model whose tokens they are. */
  readonly model: string;
  /** Tokens of the messages. */
  readonly tokens: number;
  /** Where nothing here can count them, it is about so many. */
  readonly isEstimate: boolean;
  /** Tokens that the model reads and writes at most. */
  readonly most: number;
  /** Messages at the beginning that the model is not sent. */
  readonly dropped: number;
  /** Something was said since it was counted. */
  readonly isBehind?: boolean;
}

/** What a model can read. */
export interface Limits {
  readonly model: string;
  readonly most: number;
  /** Tokens that an answer is to have, as far as that is said. */
  readonly room?: number;
}

/** The part of the context that is kept for an answer where nobody says how long it is to be. */
const answerShare = 1 / 4;

/** The messages that a model is sent: without as many of the oldest as it takes to leave room for an answer. */
export async function sentOf(
  all: readonly Message[],
  { model, most, room }: Limits,
  signal: AbortSignal,
): Promise<{ readonly messages: readonly Message[]; readonly context: Context }> {
  let isEstimate = false;
  const tokensOf = async (messages: readonly Message[]): Promise<number> => {
    const counted = await countTokens(model, messages, signal);
    isEstimate = counted === undefined;
    return counted ?? estimated(messages);
  };
  const needed = Math.min(room ?? Math.floor(most * answerShare), most);
  const { messages, dropped, tokens } = await fittingMessages(all, tokensOf, most - needed);
  return { messages, context: { model, tokens, isEstimate, most, dropped } };
}

/** What a conversation takes by now: what was sent for its last answer, and that answer. */
export async function takenBy(
  all: readonly Message[],
  limits: Limits,
  signal: AbortSignal,
): Promise<Context> {
  const answer = all.at(-1)?.role === 'assistant' ? all.at(-1)! : undefined;
  const { messages, context } = await sentOf(answer ? all.slice(0, -1) : all, limits, signal);
  if (!answer) return context;
  const sent = [...messages, answer];
  const tokens = (await countTokens(limits.model, sent, signal)) ?? estimated(sent);
  return { ...context, tokens };
}

/** Characters of a token, rather too few than too many. */
const charactersOfToken = 3;

const estimated = (messages: readonly Message[]): number =>
  Math.ceil(
    messages.reduce((sum, message) => sum + wordsOf(message).length + charactersOfToken, 0) /
      charactersOfToken,
  );

/** What a message takes room with: its text, and the functions that it calls. */
const wordsOf = ({ content, tool_calls: calls = [] }: Message): string =>
  [content, ...calls.map(({ function: called }) => `${called.name} ${called.arguments}`)].join(' ').trim();

/** Undefined where nothing here can count them. */
async function countTokens(
  model: string,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const system = messages.find(({ role }) => role === 'system')?.content;
  // what a function returned is read as if a person said it
  const turns = messages
    .filter(({ role }) => role !== 'system')
    .map((message) => ({
      role: message.role === 'assistant' ? 'assistant' : 'user',
      content: wordsOf(message),
    }));
  try {
    const body = { model, messages: turns, ...(system !== undefined && { system }) };
    return (await post<{ input_tokens: number }>('/v1/messages/count_tokens', body, signal)).input_tokens;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
