import type { Failure } from './protocol.ts';

/** What a thread aside answers. */
export type AsideReply<Answer> = { readonly result: Answer } | { readonly failure: Failure };

/** A failure on another thread, as it was told there. */
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

/** How threads aside are begun, and how long they may take. */
export interface AsideOptions<Question, Answer> {
  /** Begins a thread. */
  readonly open: () => AsidePort<Question, Answer>;
  /** What becomes of a question that takes too long. */
  readonly tooLong: (question: Question, seconds: number) => Error;
  /** Threads at most. Default: 4. */
  readonly threads?: number;
  /** How long a question may take. Default: 20 s. */
  readonly limitMs?: number;
  /** How long it may take where another waits and all threads are busy. Default: 3 s. */
  readonly busyMs?: number;
  /** How long a question waits for a thread before another is begun, or one ended; and how long one may go on for who has gone away. Default: 250 ms. */
  readonly patienceMs?: number;
}

/** A question that waits, or is being answered. */
interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

interface Thread<Question, Answer> {
  readonly port: AsidePort<Question, Answer>;
  /** What it is at. */
  asked: Asked<Question, Answer> | undefined;
  sinceMs: number;
  /** Ends it where it takes too long. */
  timer: NodeJS.Timeout | undefined;
  /** It knows models that may have other files by now, and takes no other question. */
  isStale: boolean;
}

/**
 * Answers questions on threads of their own, so that the thread of the models goes on writing. One thread answers one question
 * after the other; where that takes long, others begin, and what waits behind as many slow questions as there are threads
 * ends the slowest. A question that takes too long ends its thread, and so does one whose asker has gone away.
 */
export class AsideThreads<Question, Answer> {
  readonly #options: Required<AsideOptions<Question, Answer>>;
  readonly #threads = new Set<Thread<Question, Answer>>();
  readonly #waiting: Asked<Question, Answer>[] = [];
  #look: NodeJS.Timeout | undefined;

  constructor(options: AsideOptions<Question, Answer>) {
    this.#options = { threads: 4, limitMs: 20_000, busyMs: 3000, patienceMs: 250, ...options };
  }

  /** @throws AsideError for what is thrown there; what `tooLong` makes of a question; the signal's reason */
  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    let leave = (): void => {};
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const asked = { question, resolve, reject };
        leave = () => this.#leave(asked, signal!.reason);
        signal?.addEventListener('abort', leave, { once: true });
        this.#waiting.push(asked);
        this.#next();
      });
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Has what threads know of models forgotten: one may have other files by now. */
  forget(): void {
    for (const thread of this.#threads) {
      thread.isStale = true;
      if (!thread.asked) this.#end(thread);
    }
  }

  /** Gives what waits to the threads that are free. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#threads].find(({ asked, isStale }) => !asked && !isStale);
      if (!free && this.#threads.size > 0) break;
      this.#give(free ?? this.#begin(), this.#waiting.shift()!);
    }
    if (this.#waiting.length > 0)
      this.#look ??= setTimeout(() => this.#lookAround(), this.#options.patienceMs);
    else {
      clearTimeout(this.#look);
      this.#look = undefined;
    }
  }

  /** A question has waited: it gets a thread of its own, or the place of what has taken long enough. */
  #lookAround(): void {
    this.#look = undefined;
    const { threads, busyMs } = this.#options;
    if (this.#threads.size < threads) this.#give(this.#begin(), this.#waiting.shift()!);
    else {
      const [slowest] = [...this.#threads].sort((a, b) => a.sinceMs - b.sinceMs);
      if (performance.now() - slowest.sinceMs >= busyMs) this.#stop(slowest, busyMs);
    }
    this.#next();
  }

  #give(thread: Thread<Question, Answer>, asked: Asked<Question, Answer>): void {
    thread.asked = asked;
    thread.sinceMs = performance.now();
    thread.timer = setTimeout(() => this.#stop(thread, this.#options.limitMs), this.#options.limitMs);
    const { port } = thread;
    port.postMessage(asked.question);
  }

  /** A question has taken so long. */
  #stop(thread: Thread<Question, Answer>, takenMs: number): void {
    const { question } = thread.asked!;
    this.#fail(thread, this.#options.tooLong(question, Math.round(takenMs / 1000)));
  }

  #fail(thread: Thread<Question, Answer>, reason: unknown): void {
    thread.asked?.reject(reason);
    this.#end(thread);
    this.#next();
  }

  /** Who asked waits no longer. A thread that is nearly done isn't ended: the next would have to open the model again. */
  #leave(asked: Asked<Question, Answer>, reason: unknown): void {
    asked.reject(reason);
    const at = this.#waiting.indexOf(asked);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      return this.#next();
    }
    const thread = [...this.#threads].find((one) => one.asked === asked);
    if (!thread) return;
    clearTimeout(thread.timer);
    thread.timer = setTimeout(() => this.#fail(thread, reason), this.#options.patienceMs);
  }

  #begin(): Thread<Question, Answer> {
    const thread: Thread<Question, Answer> = {
      port: this.#options.open(),
      asked: undefined,
      sinceMs: 0,
      timer: undefined,
      isStale: false,
    };
    this.#threads.add(thread);
    thread.port.unref();
    // what a thread that was ended still says is no answer to a later question
    thread.port.on('message', (reply) => this.#threads.has(thread) && this.#answered(thread, reply));
    thread.port.on('error', (error) => this.#threads.has(thread) && this.#fail(thread, error));
    return thread;
  }

  #answered(thread: Thread<Question, Answer>, reply: AsideReply<Answer>): void {
    clearTimeout(thread.timer);
    if ('result' in reply) thread.asked?.resolve(reply.result);
    else thread.asked?.reject(new AsideError(reply.failure));
    thread.asked = undefined;
    // one stays for the next question; each has a tokenizer in memory
    const isSpare =
      this.#waiting.length === 0 && [...this.#threads].some((other) => other !== thread && !other.asked);
    if (thread.isStale || isSpare) this.#end(thread);
    this.#next();
  }

  #end(thread: Thread<Question, Answer>): void {
    clearTimeout(thread.timer);
    this.#threads.delete(thread);
    void thread.port.terminate();
  }
}
