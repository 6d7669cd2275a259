import { HttpError } from './http-error.ts';

/** One who waits. */
interface Waiter {
  readonly weight: number;
  readonly begin: () => void;
  readonly leave: (reason: unknown) => void;
}

/** How many requests are answered and wait at the same time, and how long. */
export interface QueueOptions {
  /** Texts that are written at the same time. */
  readonly running: number;
  /** Requests that may wait. */
  readonly waiting: number;
  /** How long one may wait. */
  readonly waitMs: number;
  readonly clock: () => number;
}

/**
 * Admits requests: some run, some wait, the rest is refused. Those who wait take turns by who they are, and where there is
 * no more room to wait, whoever has most waiting gives up the last: one client with many requests doesn't keep another from
 * its first.
 */
export class FairQueue {
  readonly #options: QueueOptions;
  /** The order of the keys is the order of their turns. */
  readonly #waiting = new Map<string, Waiter[]>();
  #running = 0;
  #waiters = 0;
  /** Milliseconds that a request runs, of the recent ones. */
  #serviceMs = 1000;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Texts that may be written at the same time. */
  get size(): number {
    return this.#options.running;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiters;
  }

  /** Whole seconds until a request that came now would have its turn, by what requests took lately. */
  get retryAfterSeconds(): number {
    const ahead = this.#waiters + this.#running;
    return Math.max(1, Math.ceil((this.#serviceMs * ahead) / this.#options.running / 1000));
  }

  /** @throws HttpError 429  when another request of theirs would be refused */
  checkRoom(key: string): void {
    if (!this.#isFull || this.#greedier(key)) return;
    throw this.#refusal('too many requests are waiting');
  }

  get #isFull(): boolean {
    return this.#waiters >= this.#options.waiting && this.#running >= this.#options.running;
  }

  /** The last to come of those who have most waiting, where they have more than these would with one more. */
  #greedier(key: string): Waiter | undefined {
    const most = [...this.#waiting.values()].reduce<readonly Waiter[]>(
      (longest, mine) => (mine.length > longest.length ? mine : longest),
      [],
    );
    return most.length > (this.#waiting.get(key)?.length ?? 0) + 1 ? most.at(-1) : undefined;
  }

  /**
   * Waits for a turn.
   *
   * @param key     who asks
   * @param weight  how many texts it runs at once
   * @returns       gives the turn back; calling it again does nothing
   * @throws HttpError 429  when there is no room, or the turn didn't come in time; the signal's reason when it is aborted
   */
  async enter(key: string, weight: number, signal: AbortSignal): Promise<() => void> {
    this.checkRoom(key);
    signal.throwIfAborted();
    if (this.#isFull) this.#greedier(key)?.leave(this.#refusal('others with fewer requests came'));
    const { running, waitMs, clock } = this.#options;
    const taken = Math.min(weight, running);
    if (this.#waiters > 0 || this.#running + taken > running) await this.#turn(key, taken, signal, waitMs);
    else this.#running += taken;
    const begin = clock();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running -= taken;
      this.#serviceMs += 0.2 * (clock() - begin - this.#serviceMs);
      this.#next();
    };
  }

  #turn(key: string, weight: number, signal: AbortSignal, waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const mine = this.#waiting.get(key);
        const at = mine?.indexOf(waiter) ?? -1;
        if (!mine || at < 0) return;
        mine.splice(at, 1);
        if (mine.length === 0) this.#waiting.delete(key);
        this.#waiters -= 1;
        reject(reason);
        this.#next();
      };
      const onAbort = (): void => leave(signal.reason);
      const timer = setTimeout(
        () => leave(this.#refusal('the turn of this request did not come in time')),
        waitMs,
      );
      const waiter: Waiter = {
        weight,
        leave,
        begin: () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          this.#running += weight;
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiter]);
      this.#waiters += 1;
    });
  }

  #next(): void {
    for (;;) {
      const [turn] = this.#waiting;
      if (!turn) return;
      const [key, [waiter, ...others]] = turn;
      if (this.#running + waiter.weight > this.#options.running) return;
      this.#waiting.delete(key);
      if (others.length > 0) this.#waiting.set(key, others); // at the end: the others have their turn first
      this.#waiters -= 1;
      waiter.begin();
    }
  }

  #refusal(message: string): HttpError {
    return new HttpError(429, message, { code: 'queue_full', retryAfterSeconds: this.retryAfterSeconds });
  }
}
