/** Answers to /health that count as asked by somebody who goes on asking: apart by so much, and so many. */
const watching = { apartMs: 500, times: 3, withinMs: 15_000 } as const;

/** After so many refusals a balancer has taken a replica out (HAProxy's `fall`). */
const refusals = 2;

/**
 * The end of a server that a balancer may stand before. The balancer goes on sending until it has heard from /health, twice,
 * that this replica drains; a connection that it makes while nobody listens any more, or whose request has not come yet when
 * idle connections are closed, is a request that is lost. So requests are refused, which the balancer asks elsewhere, until it
 * knows. Where nobody asks /health over and over, there is no one to wait for.
 */
export class Drain {
  readonly #clock: () => number;
  readonly #asked: number[] = [];
  #isDraining = false;
  #refused = 0;
  #known: () => void = () => {};

  /** @param clock  milliseconds that never go back */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Notes that /health was asked. */
  asked(): void {
    if (this.#isDraining && ++this.#refused >= refusals) this.#known();
    const now = this.#clock();
    if (now - (this.#asked.at(-1) ?? -Infinity) < watching.apartMs) return;
    this.#asked.push(now);
    if (this.#asked.length > watching.times) this.#asked.shift();
  }

  /**
   * Begins to drain. Resolves when whoever watches has known of it for `lullMs`, in which what it had sent before arrives, and
   * after `mostMs` at the latest.
   */
  async begin({ mostMs, lullMs }: { readonly mostMs: number; readonly lullMs: number }): Promise<void> {
    this.#isDraining = true;
    const isWatched =
      this.#asked.length === watching.times && this.#clock() - this.#asked[0] < watching.withinMs;
    if (!isWatched) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#known = () => void setTimeout(resolve, lullMs);
      timer = setTimeout(resolve, mostMs);
    });
    clearTimeout(timer);
  }
}
