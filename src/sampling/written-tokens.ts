/** What changed on a canvas in a step of the reverse process. */
export interface CanvasChange {
  readonly tokens: ArrayLike<number>;
  readonly changed: Iterable<number>;
  /** Where the positions were in the frame before, if they have moved. */
  readonly sources?: readonly number[];
  readonly confidence: ArrayLike<number>;
}

/**
 * Which tokens of a canvas were written, and how sure the model was of each when it wrote it: a frame tells that of its own
 * step alone, so each has to be read.
 */
export class WrittenTokens {
  readonly #maskId: number;
  #confidence = new Map<number, number>();

  constructor(maskId: number) {
    this.#maskId = maskId;
  }

  /** Positions that hold a token which was written. */
  get count(): number {
    return this.#confidence.size;
  }

  /** Undefined for a mask and for what was given; NaN for a token that was filled in without being predicted. */
  confidenceAt(position: number): number | undefined {
    return this.#confidence.get(position);
  }

  read({ tokens, changed, sources, confidence }: CanvasChange): void {
    if (sources) {
      const before = this.#confidence;
      const known = [...sources.entries()].filter(([, from]) => before.has(from));
      this.#confidence = new Map(known.map(([to, from]) => [to, before.get(from)!]));
    }
    for (const position of changed) {
      if (tokens[position] === this.#maskId) this.#confidence.delete(position);
      else this.#confidence.set(position, confidence[position]);
    }
  }
}
