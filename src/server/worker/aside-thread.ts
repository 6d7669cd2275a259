import { Turns } from '../../base/turns.ts';
import type { Failure } from './protocol.ts';

export type AsideReply<Answer> = { readonly result: Answer } | { readonly failure: Failure };

/** A failure on the other thread, as it was told there. */
export class AsideError extends Error {
  override readonly name = 'AsideError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The other side: a thread, or what a test has in its place. */
export interface AsidePort<Question, Answer> {
  postMessage(question: Question): void;
  on(event: 'message', listener: (reply: AsideReply<Answer>) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  terminate(): unknown;
  unref(): void;
}

/**
 * Answers questions on a thread of their own, one after the other, so that the thread of the models goes on writing. What
 * takes too long ends the thread; the next question begins another.
 */
export class AsideThread<Question, Answer> {
  readonly #open: () => AsidePort<Question, Answer>;
  readonly #tooLong: (question: Question, seconds: number) => Error;
  readonly #limitMs: number;
  #port: AsidePort<Question, Answer> | undefined;
  readonly #turns = new Turns();
  #settle: { resolve: (reply: AsideReply<Answer>) => void; reject: (error: unknown) => void } | undefined;

  constructor(
    open: () => AsidePort<Question, Answer>,
    tooLong: (question: Question, seconds: number) => Error,
    limitMs = 20_000,
  ) {
    this.#open = open;
    this.#tooLong = tooLong;
    this.#limitMs = limitMs;
  }

  /** @throws AsideError for what is thrown there; what `tooLong` makes of a question; the signal's reason */
  ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    const turn = this.#turns.take(async () => {
      signal?.throwIfAborted();
      return this.#ask(question);
    });
    if (!signal) return turn;
    const gone = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([turn, gone]);
  }

  /** Has what the thread knows of models forgotten: one may have other files by now. */
  forget(): void {
    void this.#turns.take(async () => this.#end());
  }

  async #ask(question: Question): Promise<Answer> {
    const port = (this.#port ??= this.#begin());
    let timer: NodeJS.Timeout | undefined;
    try {
      const reply = await new Promise<AsideReply<Answer>>((resolve, reject) => {
        timer = setTimeout(
          () => reject(this.#tooLong(question, Math.round(this.#limitMs / 1000))),
          this.#limitMs,
        );
        this.#settle = { resolve, reject };
        port.postMessage(question);
      });
      if ('result' in reply) return reply.result;
      throw new AsideError(reply.failure);
    } catch (error) {
      if (!(error instanceof AsideError)) this.#end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #begin(): AsidePort<Question, Answer> {
    const port = this.#open();
    port.unref();
    // what a thread that was ended still says is no answer to a later question
    port.on('message', (reply) => this.#port === port && this.#settle?.resolve(reply));
    port.on('error', (error) => this.#port === port && this.#settle?.reject(error));
    return port;
  }

  #end(): void {
    const port = this.#port;
    this.#port = undefined;
    void port?.terminate();
  }
}
