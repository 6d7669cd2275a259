import type { Output } from '../command.ts';
import { cutBetweenWords } from './wrap.ts';

/** How often a line is shown, in milliseconds. */
export interface StatusPace {
  readonly liveMs: number;
  /** Where it is no terminal. */
  readonly plainMs: number;
  /** When it counts as shown the last time, before it is. Default: never, so that the first is due at once. */
  readonly shownMs?: number;
}

/** A line on how far something is: one that is drawn again and again on a terminal, elsewhere one now and then. */
export class StatusLine {
  readonly #output: Output;
  readonly #clock: () => number;
  readonly #everyMs: number;
  #shownMs: number;
  #isLive = false;

  /** @param clock  milliseconds that never go back */
  constructor(output: Output, clock: () => number, { liveMs, plainMs, shownMs = -Infinity }: StatusPace) {
    this.#output = output;
    this.#clock = clock;
    this.#everyMs = output.isTTY ? liveMs : plainMs;
    this.#shownMs = shownMs;
  }

  /** Whether it is time to show another. */
  get isDue(): boolean {
    return this.#clock() - this.#shownMs >= this.#everyMs;
  }

  show(line: string): void {
    this.#shownMs = this.#clock();
    const { isTTY, columns = 80 } = this.#output;
    // one column is left free: a line that fills the terminal wraps
    this.#output.write(isTTY ? `\r${cutBetweenWords(line, Math.max(20, columns - 1))}\x1b[K` : `${line}\n`);
    this.#isLive = isTTY === true;
  }

  /** Leaves a live line as it is, and what is written next begins another. */
  end(): void {
    if (this.#isLive) this.#output.write('\n');
    this.#isLive = false;
  }

  /** Takes a live line away. */
  clear(): void {
    if (this.#isLive) this.#output.write('\r\x1b[K');
    this.#isLive = false;
  }
}
