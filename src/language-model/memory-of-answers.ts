/** Answers that are kept for the same question, as long as few others come between. */
class Remembered<Question, Answer> {
  readonly #answer: (question: Question) => Answer;
  readonly #count: number;
  readonly #isOfUse: (answer: Answer) => boolean;
  readonly #known = new Map<string, Answer>();

  /** @param isOfUse  whether an answer may be given again. Default: all may */
  constructor(
    answer: (question: Question) => Answer,
    count: number,
    isOfUse: (answer: Answer) => boolean = () => true,
  ) {
    this.#answer = answer;
    this.#count = count;
    this.#isOfUse = isOfUse;
  }

  of(question: Question): Answer {
    const key = JSON.stringify(question);
    const isKnown = this.#known.has(key) && this.#isOfUse(this.#known.get(key)!);
    const found = isKnown ? this.#known.get(key)! : this.#answer(question);
    this.#known.delete(key);
    this.#known.set(key, found);
    // the oldest is let go of
    if (this.#known.size > this.#count) this.#known.delete(this.#known.keys().next().value!);
    return found;
  }
}

/** A function that remembers its last answers. */
export function withMemory<Question, Answer>(
  answer: (question: Question) => Answer,
  count: number,
): (question: Question) => Answer {
  const known = new Remembered(answer, count);
  return (question) => known.of(question);
}

/**
 * The same of answers that take time: all who ask while one is under way wait for it, and once the last of them has gone away
 * it is called off. What failed isn't given again: it may do better another time.
 */
export function withSharedMemory<Question, Answer>(
  answer: (question: Question, signal: AbortSignal) => Answer | Promise<Answer>,
  count: number,
): (question: Question, signal?: AbortSignal) => Promise<Answer> {
  const known = new Remembered(
    (question: Question) => new SharedAnswer((signal) => answer(question, signal)),
    count,
    ({ hasFailed }) => !hasFailed,
  );
  return async (question, signal) => {
    signal?.throwIfAborted();
    return known.of(question).for(signal);
  };
}

/** One answer for all who wait for it. */
class SharedAnswer<Answer> {
  readonly #answer: Promise<Answer>;
  readonly #stop = new AbortController();
  #waiting = 0;
  #isSettled = false;
  /** Nothing comes of it. */
  hasFailed = false;

  constructor(begin: (signal: AbortSignal) => Answer | Promise<Answer>) {
    this.#answer = (async () => begin(this.#stop.signal))();
    void this.#answer.then(
      () => (this.#isSettled = true),
      () => (this.#isSettled = this.hasFailed = true),
    );
  }

  /** @throws the signal's reason, which doesn't end the answer where others wait for it */
  async for(signal?: AbortSignal): Promise<Answer> {
    let leave = (): void => {};
    this.#waiting += 1;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        leave = () => reject(signal!.reason);
        signal?.addEventListener('abort', leave, { once: true });
        this.#answer.then(resolve, reject);
      });
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#isSettled) {
        this.hasFailed = true;
        this.#stop.abort(signal!.reason);
      }
    }
  }
}
