/** What can be closed. */
interface Closable {
  close(): Promise<void>;
}

/** Sessions that are opened when they are first asked for, one for each key. */
export class Sessions<Key, Opened extends Closable> {
  readonly #opened = new Map<Key, Promise<Opened>>();

  /** @param open  is asked the first time, and again as long as it fails */
  get(key: Key, open: () => Promise<Opened>): Promise<Opened> {
    const known = this.#opened.get(key);
    if (known) return known;
    const opened = open();
    this.#opened.set(key, opened);
    opened.catch(() => this.#opened.delete(key));
    return opened;
  }

  /** Closes all that could be opened. @throws the first error of closing, after all were closed */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    const sessions = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const closed = await Promise.allSettled(sessions.map((session) => session.close()));
    const failure = closed.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }
}
