/**
 * The `data` of server-sent events, in order, without the `[DONE]` that ends a whole stream.
 *
 * @param chunks  the body, in pieces that may end anywhere
 * @throws Error  where the stream ended without `[DONE]`
 */
export async function* eventsOf(chunks: AsyncIterable<string>): AsyncGenerator<unknown> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith('data:')) continue;
      const data = line.slice(5).trim();
      if (data === '[DONE]') return;
      yield JSON.parse(data);
    }
  }
  throw new Error('The answer was cut short: the server ended, or the connection did.');
}
