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
  /** Turns at the beginning that the model is not sent. */
  readonly dropped: number;
}

/** The part of the context that is kept for an answer where nobody says how long it is to be. */
const answerShare = 1 / 4;

/**
 * The messages that a model is sent: without as many of the oldest turns as it takes to leave room for an answer. The system
 * prompt and the last message stay.
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
  for (let dropped = 0; ; dropped += 2) {
    const sent = [...system, ...turns.slice(dropped)];
    const counted = await countTokens(model, sent, signal);
    const tokens = counted ?? estimated(sent);
    const isLast = dropped + 2 >= turns.length;
    if (isLast || tokens + needed <= most)
      return { messages: sent, context: { tokens, isEstimate: counted === undefined, most, dropped } };
  }
}

/** Characters of a token, rather too few than too many. */
const charactersOfToken = 3;

const estimated = (messages: readonly Message[]): number =>
  Math.ceil(
    messages.reduce((sum, { content }) => sum + content.length + charactersOfToken, 0) / charactersOfToken,
  );

/** Undefined where nothing here can count them. */
async function countTokens(
  model: string,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const system = messages.find(({ role }) => role === 'system')?.content;
  const turns = messages.filter(({ role }) => role !== 'system');
  try {
    const body = { model, messages: turns, ...(system !== undefined && { system }) };
    return (await post<{ input_tokens: number }>('/v1/messages/count_tokens', body, signal)).input_tokens;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
