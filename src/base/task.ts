/**
 * Work that takes a while: a promise of its result, which may also be iterated for what it tells on the way.
 *
 *     const result = await train(options);
 *     for await (const event of train(options)) if (event.kind === 'step') console.log(event.loss);
 *
 * The work begins at once. While it is iterated it waits for its reader, and leaving the loop early stops it as its signal
 * does. Both forms together give the progress and the result of one task: iterate it first, then await it.
 */
export type Task<Result, Progress> = Promise<Result> & AsyncIterable<Progress, void, void>;

/** How work is watched and stopped. */
export interface TaskOptions<Progress> {
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Is told how far it is; the work waits for what this returns. */
  readonly onProgress?: (progress: Progress) => unknown;
}

/** What work is given of whoever asked for it. */
export interface TaskIo<Progress> {
  /** Tells how far it is, and waits until that was read. */
  readonly tell: (progress: Progress) => Promise<void>;
  /** The same where it can't wait. What a reader then throws stops the work. */
  readonly note: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Begins work as a task. */
export function startTask<Result, Progress>(
  work: (io: TaskIo<Progress>) => Promise<Result>,
  { signal, onProgress }: TaskOptions<Progress>,
): Task<Result, Progress> {
  const stop = new AbortController();
  let queue: Queue<Progress> | undefined;
  let complaint: { readonly error: unknown } | undefined;
  const tell = async (progress: Progress): Promise<void> => {
    await onProgress?.(progress);
    await queue?.put(progress);
  };
  const io: TaskIo<Progress> = {
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    tell,
    note(progress) {
      tell(progress).catch((error: unknown) => {
        complaint ??= { error };
        stop.abort(error);
      });
    },
  };
  const begin = async (): Promise<Result> => {
    const done = await work(io);
    if (complaint) throw complaint.error;
    return done;
  };
  // a turn later, so that a loop over the task has begun by then
  const result = Promise.resolve().then(begin);

  async function* iterate(): AsyncGenerator<Progress, void, void> {
    const mine = (queue = new Queue<Progress>());
    const settled = result.then(mine.finish, mine.finish); // of a failure hears who awaits the result, as is done below
    try {
      for (let next = await mine.next(); next; next = await mine.next()) yield next.item;
      await result;
    } finally {
      stop.abort(new DOMException('the loop over the task was left', 'AbortError'));
      mine.leave();
      await settled;
    }
  }
  return Object.assign(result, { [Symbol.asyncIterator]: iterate });
}

interface Told<Item> {
  readonly item: Item;
  /** Lets go of whoever told it. */
  readonly taken: () => void;
}

/** What is told to one reader, who is waited for. */
class Queue<Item> {
  #waiting: Told<Item>[] = [];
  /** With the reader now. */
  #current: Told<Item> | undefined;
  #isOver = false;
  #wake = (): void => {};

  /** Resolves when the reader has dealt with the item, or has gone. */
  put(item: Item): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((taken) => {
      this.#waiting.push({ item, taken });
      this.#wake();
    });
  }

  /** The next item, once the last one is dealt with; undefined when there will be none. */
  async next(): Promise<Told<Item> | undefined> {
    this.#current?.taken();
    this.#current = undefined;
    while (this.#waiting.length === 0 && !this.#isOver)
      await new Promise<void>((wake) => (this.#wake = wake));
    this.#current = this.#waiting.shift();
    return this.#current;
  }

  /** Nothing more will be told; what was is still read. */
  readonly finish = (): void => {
    this.#isOver = true;
    this.#wake();
  };

  /** Nobody reads any more. */
  leave(): void {
    this.finish();
    this.#current?.taken();
    for (const { taken } of this.#waiting.splice(0)) taken();
  }
}
