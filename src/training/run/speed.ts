/** Speed is that of the last so many updates: long enough to be calm, short enough to notice a busy machine. */
const recent = 50;

/** Where a run was at a moment. */
interface Mark {
  readonly step: number;
  readonly tokens: number;
  /** Spent on updates. */
  readonly seconds: number;
}

/** How fast a run has been lately. */
export class Speed {
  readonly #marks: Mark[] = [];

  add({ step, tokens, seconds }: Mark): void {
    this.#marks.push({ step, tokens, seconds });
    if (this.#marks.length > recent) this.#marks.shift();
  }

  /** Absent while no time has passed. */
  get tokensPerSecond(): number | undefined {
    return this.#since((first, last, seconds) => (last.tokens - first.tokens) / seconds);
  }

  /** Seconds until a step, at this speed. */
  secondsUntil(step: number): number | undefined {
    return this.#since((first, last, seconds) => (seconds * (step - last.step)) / (last.step - first.step));
  }

  #since(rate: (first: Mark, last: Mark, seconds: number) => number): number | undefined {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last || last.step === first.step || last.seconds <= first.seconds) return undefined;
    return rate(first, last, last.seconds - first.seconds);
  }
}
