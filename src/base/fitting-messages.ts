/** What a model is sent of a conversation. */
export interface FittingMessages<Message> {
  readonly messages: readonly Message[];
  /** Messages behind the system prompt that were left out. */
  readonly dropped: number;
  /** Tokens of those that are sent. */
  readonly tokens: number;
}

/**
 * A conversation without as many of its oldest turns as it takes to fit. The system prompt stays, and so does what a person
 * said last, even where it alone is too much: whoever reads it says so then. What is left begins with what a person said. How
 * many turns have to go is found by halving.
 *
 * @param tokensOf  what messages come to for the model
 * @param most      tokens that fit
 */
export async function fittingMessages<Message extends { readonly role: string }>(
  messages: readonly Message[],
  tokensOf: (messages: readonly Message[]) => number | Promise<number>,
  most: number,
): Promise<FittingMessages<Message>> {
  const system = messages.filter(({ role }) => role === 'system');
  const turns = messages.filter(({ role }) => role !== 'system');
  const without = async (dropped: number): Promise<FittingMessages<Message>> => {
    const sent = [...system, ...turns.slice(dropped)];
    return { messages: sent, dropped, tokens: await tokensOf(sent) };
  };
  let found = await without(0);
  if (found.tokens <= most) return found;
  const starts = turns.flatMap(({ role }, at) => (role === 'user' && at > 0 ? [at] : []));
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const some = await without(starts[middle]);
    if (some.tokens <= most || middle === starts.length - 1) [found, high] = [some, middle];
    else low = middle + 1;
  }
  return found;
}
