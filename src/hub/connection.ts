import { setTimeout as wait } from 'node:timers/promises';
import { FileError } from '../base/errors.ts';

/** How a server is spoken to. */
export interface Connection {
  readonly endpoint: string;
  /** Sent to the endpoint's own host and to no other. */
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Is told of every new attempt, in one sentence. */
  readonly onRetry?: (sentence: string) => void;
  /** How long the first wait before a new attempt is; each is twice as long as the one before. Default 1000. */
  readonly retryMs?: number;
  /** How long a server may say nothing. Default 30,000. */
  readonly stallMs?: number;
}

/** What a server is asked for. */
export interface Request {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** A redirect to another host that has this header is the answer. */
  readonly until?: string;
}

/** What a server answered, with its body in pieces. */
export interface HubResponse {
  readonly status: number;
  readonly headers: Headers;
  /** @throws TransientError  when the connection breaks */
  pieces(): AsyncGenerator<Uint8Array>;
  /** Lets go of a body that nobody wants. */
  discard(): void;
}

/** What may pass: a broken connection, a server that is too busy. Whoever has no patience left throws its `problem`. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  readonly problem: FileError;
  /** Whether a server was there at all. */
  readonly reached: boolean;
  /** What the server asks to wait. */
  readonly afterMs: number;

  constructor(problem: FileError, { reached = true, afterMs = 0 } = {}) {
    super(problem.message, { cause: problem.cause });
    [this.problem, this.reached, this.afterMs] = [problem, reached, afterMs];
  }
}

const maxAttempts = 6;
const maxRedirects = 5;
const longestWaitMs = 60_000;

/** Counts failures in a row, and waits after each, longer and longer. */
export class Patience {
  readonly #connection: Connection;
  #failures = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Something was achieved. */
  renew(): void {
    this.#failures = 0;
  }

  /** @throws the problem, after too many failures; an error that isn't transient at once */
  async after(error: unknown): Promise<void> {
    if (!(error instanceof TransientError)) throw error;
    if (++this.#failures >= maxAttempts) throw error.problem;
    const { retryMs = 1000, onRetry, signal } = this.#connection;
    const ms = Math.min(Math.max(error.afterMs, retryMs * 2 ** (this.#failures - 1)), longestWaitMs);
    onRetry?.(`${error.message}; again in ${Math.ceil(ms / 1000)} s`);
    await wait(ms, undefined, { signal });
  }
}

/** Does something until it succeeds, or patience is at its end. */
export async function patiently<T>(connection: Connection, action: () => Promise<T>): Promise<T> {
  for (const patience = new Patience(connection); ;) {
    try {
      return await action();
    } catch (error) {
      await patience.after(error);
    }
  }
}

/**
 * Asks a server once. Redirects are followed, a few; the token goes to the endpoint's host alone, and nothing goes
 * from an encrypted connection to one that is not.
 *
 * @param shown  what messages call that which is asked for
 * @throws TransientError  for what may pass: no connection, 408, 429 and all from 500 up
 * @throws FileError       for redirects without end
 */
export async function ask(
  connection: Connection,
  address: string,
  shown: string,
  { method = 'GET', headers = {}, until }: Request = {},
): Promise<HubResponse> {
  const home = new URL(connection.endpoint).origin;
  let url = new URL(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const token = url.origin === home ? connection.token : undefined;
    const answer = await send(connection, url, shown, {
      method,
      headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
    });
    const location = answer.headers.get('location');
    if (answer.status < 300 || answer.status >= 400 || location === null) {
      if (!isTransient(answer.status)) return answer;
      answer.discard();
      const found = `${answer.status === 429 ? 'too many requests' : 'a server in trouble'} (${answer.status})`;
      throw new TransientError(new FileError(shown, 'an answer', found, 'try again later'), {
        afterMs: waitAsked(answer.headers),
      });
    }
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next && until && next.origin !== url.origin && answer.headers.has(until)) return answer;
    answer.discard();
    if (
      !next ||
      !/^https?:$/.test(next.protocol) ||
      (url.protocol === 'https:' && next.protocol !== 'https:')
    )
      throw new FileError(shown, 'an answer', 'a redirect to no address that may be followed');
    url = next;
  }
  throw new FileError(shown, 'an answer', `more than ${maxRedirects} redirects`, 'check HF_ENDPOINT');
}

async function send(
  { signal, stallMs = 30_000 }: Connection,
  url: URL,
  shown: string,
  { method, headers }: { method: string; headers: Readonly<Record<string, string>> },
): Promise<HubResponse> {
  signal?.throwIfAborted();
  const watch = new ConnectionWatch(shown, stallMs, signal);
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      // what is compressed has neither the length nor the hash of the file
      headers: { 'accept-encoding': 'identity', 'user-agent': 'unmask', ...headers },
      redirect: 'manual',
      signal: watch.signal,
    });
  } catch (error) {
    throw watch.broken(error, false);
  }
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) watch.end();
  // nobody waits for a connection's goodbye, which may never come
  const letGo = (): void => {
    watch.end();
    reader?.cancel().catch(() => {});
  };
  return {
    status: response.status,
    headers: response.headers,
    async *pieces() {
      if (!reader) return;
      try {
        for (;;) {
          const { done, value } = await watch.over(() => reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        letGo();
      }
    },
    discard: letGo,
  };
}

/** Ends a connection from which nothing comes for too long, or that nobody wants any more, and says why it ended. */
class ConnectionWatch {
  readonly #shown: string;
  readonly #wanted: AbortSignal | undefined;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = (): void => this.#stop.abort(this.#wanted!.reason);
  /** fetch doesn't always tell a reader that begins to wait after the end was called for. */
  readonly #ended: Promise<never>;

  constructor(shown: string, stallMs: number, wanted: AbortSignal | undefined) {
    this.#shown = shown;
    this.#wanted = wanted;
    this.#ended = new Promise<never>((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason as Error));
    });
    this.#ended.catch(() => {});
    const stalled = (): void => this.#stop.abort(new Error(`nothing for ${Math.ceil(stallMs / 1000)} s`));
    this.#timer = setTimeout(stalled, stallMs);
    wanted?.addEventListener('abort', this.#stopped);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Waits for the next that comes. */
  async over<T>(next: () => Promise<T>): Promise<T> {
    this.#timer.refresh();
    return Promise.race([next(), this.#ended]).catch((error: unknown) => {
      throw this.broken(error, true);
    });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#wanted?.removeEventListener('abort', this.#stopped);
  }

  /** @param reached  whether the server had answered */
  broken(error: unknown, reached: boolean): unknown {
    this.end();
    if (this.#wanted?.aborted) return this.#wanted.reason;
    const why = reached ? 'a connection that broke' : 'no connection';
    const found = `${why} (${reasonOf(error)})`;
    const problem = new FileError(this.#shown, 'an answer', found, 'check the network', { cause: error });
    return new TransientError(problem, { reached });
  }
}

const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** What a busy server asks to wait, in milliseconds: Retry-After in seconds, or the `t` of the hub's RateLimit. */
function waitAsked(headers: Headers): number {
  const asked = headers.get('retry-after') ?? /\bt=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? '0';
  return /^\d{1,6}$/.test(asked) ? 1000 * Number(asked) : 0;
}

/** "ENOTFOUND": what lies under the many errors of a connection. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: unknown; message?: string };
  const { code } = (cause ?? error) as { code?: unknown };
  if (typeof code === 'string') return code;
  return cause instanceof Error && cause.message ? cause.message : (message ?? String(error));
}
