import { ApiError, post } from '../client.ts';
import type { Message } from '../core/conversation.ts';

/** How much of what a model can read a conversation takes. */
export interface Context {
  /** Tokens of the messages. */
  readonly tokens: number;
  /** Where nothing here can count them, it is about so many. */
  readonly isEstimate: boolean;
  /** Tokens that the model reads and writes at most. */
  readonly most: number;
  /** Messages at the beginning that the model is not sent. */
  readonly dropped: number;
}

/** The part of the context that is kept for an answer where nobody says how long it is to be. */
const answerShare = 1 / 4;

/**
 * The messages that a model is sent: without as many of the oldest as it takes to leave room for an answer. The system prompt
 * stays, and what was said last; what is left begins with what a person said. How many have to go is found by halving.
 *
 * @param room  tokens that the answer is to have, as far as that is said
 */
export async function fitting(
  messages: readonly Message[],
  { model, most, room }: { readonly model: string; readonly most: number; readonly room?: number },
  signal: AbortSignal,
): Promise<{ readonly messages: readonly Message[]; readonly context: Context }> {
  const needed = Math.min(room ?? Math.floor(most * answerShare), most);
  const system = messages.filter(({ role }) => role === 'system');
  const turns = messages.filter(({ role }) => role !== 'system');
  const without = async (dropped: number) => {
    const sent = [...system, ...turns.slice(dropped)];
    const counted = await countTokens(model, sent, signal);
    const tokens = counted ?? estimated(sent);
    return { messages: sent, context: { tokens, isEstimate: counted === undefined, most, dropped } };
  };
  const fits = ({ context }: { readonly context: Context }): boolean => context.tokens + needed <= most;

  let found = await without(0);
  if (fits(found)) return found;
  const starts = turns.flatMap(({ role }, at) => (role === 'user' && at > 0 ? [at] : []));
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const some = await without(starts[middle]);
    // the last is taken even where it alone is too much: then the server says so
    if (fits(some) || middle === starts.length - 1) [found, high] = [some, middle];
    else low = middle + 1;
  }
  return found;
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
