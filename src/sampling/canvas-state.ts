import type { Uniform } from '../base/random.ts';
import { type BlockSpan, tailStart } from './canvas.ts';
import { movedCandidates } from './candidates.ts';
import type { Candidates, Prediction } from './decode.ts';
import type { Grow } from './growth.ts';
import type { Noise } from './noise.ts';
import {
  moved,
  movedArray,
  nothingPredicted,
  type PredictionState,
  withPrediction,
} from './prediction-state.ts';
import type { Resize } from './resize.ts';
import type { Transition } from './strategies.ts';

/** What a canvas is made of before its first step. */
export interface CanvasParts {
  readonly maskId: number;
  readonly noise: Noise;
  /** The blocks, in the order in which they are written. */
  readonly blocks: readonly BlockSpan[];
  /** Whether a token that was written may be changed before its block is done. */
  readonly rewrites?: boolean;
  readonly uniform: Uniform;
}

/** What can be seen of a canvas at time t. */
export interface CanvasFrameView {
  /** x_t, with `maskId` wherever there is noise, whatever the noise is   [L] */
  readonly tokens: Int32Array;
  /** The positions in which `tokens` isn't what it was, ascending. */
  readonly changed: readonly number[];
  /** Positions from the left that no later step changes. */
  readonly final: number;
  /** p_θ(x̂_0^i | x_t) when position i was last predicted; NaN where it never was.   [L] */
  readonly confidence: Float64Array;
  /** Where the latest step resized the canvas: the position of each in the view before, or −1 for a new mask   [L] */
  readonly sources?: readonly number[];
  /** What the latest step chose from, by position in `tokens`, where `decode` tells it. */
  readonly candidates?: Candidates;
}

/** A canvas on its way from noise to text: x_t, where noise is, what was predicted, and which block each position is of. */
export class CanvasState {
  /** x_t   [L] */
  xt: Int32Array;
  /** What is known of each position since it was predicted last   [L] */
  predicted: PredictionState;
  readonly blocks: BlockSpan[];
  /** Where the text begins that nothing given follows, see `tailStart`. */
  tail: number;
  /** How often positions have moved. */
  moves = 0;
  /** Masks that were inserted so far. */
  inserted = 0;
  /** Whether all up to an end token is certain, so that nothing more is written. */
  hasEnded = false;

  readonly #maskId: number;
  readonly #noise: Noise;
  readonly #rewrites: boolean;
  /** Where there is noise. */
  #noised: Set<number>;
  #shown: Int32Array;
  #shownBefore: Int32Array;
  #sources: readonly number[] | undefined;
  #candidates: Candidates | undefined;

  /** @param tokens  given tokens, and `maskId` where it's to write; not written to   [L] */
  constructor(tokens: Int32Array, { maskId, noise, blocks, rewrites = false, uniform }: CanvasParts) {
    this.#maskId = maskId;
    this.#noise = noise;
    this.#rewrites = rewrites;
    this.blocks = [...blocks];
    this.tail = tailStart(tokens, maskId);
    this.#noised = new Set(this.#positionsFrom(0));
    this.xt = tokens.slice();
    for (const i of this.#noised) this.xt[i] = noise.draw(i, uniform);
    this.predicted = nothingPredicted(this.xt);
    this.#shown = this.#shownBefore = this.#show();
  }

  /** The positions of a block that are noise, as far as anybody can tell. */
  openIn(block: number): readonly number[] {
    return this.#noise.open(this.xt, this.blocks[block].positions);
  }

  /** Whether a block is the last, and the text has not ended. */
  isLast(block: number): boolean {
    return !this.hasEnded && block === this.blocks.length - 1;
  }

  /**
   * Notes a prediction.
   *
   * @param asked  the positions of its rows
   * @returns      x̂_0: the predicted tokens, x_t where nothing was asked for   [L]
   */
  predict(asked: readonly number[], prediction: Prediction | undefined): Int32Array {
    const x0 = this.xt.slice();
    if (prediction) for (const [r, i] of asked.entries()) x0[i] = prediction.tokens[r];
    this.predicted = withPrediction(this.predicted, asked, prediction);
    this.#candidates = prediction?.candidates;
    return x0;
  }

  /**
   * Makes x_s of x_t.
   *
   * @returns whether that is news to a predictor: also a token that was written as it was is, where it has a memory
   */
  apply({ written, noised = [], tokens }: Transition, x0: Int32Array, uniform: Uniform): boolean {
    const xt = this.xt;
    const xs = xt.slice();
    for (const i of noised) xs[i] = this.#noise.draw(i, uniform);
    for (const i of written) xs[i] = (tokens ?? x0)[i];
    for (const i of noised) this.#noised.add(i);
    for (const i of written) this.#noised.delete(i);
    this.xt = xs;
    this.#sources = undefined;
    this.#shownBefore = this.#shown;
    this.#shown = this.#show();
    return written.length > 0 || xs.some((token, i) => token !== xt[i]);
  }

  /**
   * Takes positions away and inserts masks, where the text asks for it.
   *
   * @param block  the one that is written: new masks belong to it
   * @returns      whether anything has moved
   */
  resize(resize: Resize, block: number, uniform: Uniform): boolean {
    const { xt: xs, tail, inserted, blocks } = this;
    const sources = resize({ xs, positions: blocks[block].positions, tail, inserted });
    if (!sources) return false;
    this.#move(sources, uniform);
    for (let b = block; b < blocks.length; b++) blocks[b] = movedBlock(blocks[b], sources, b === block);
    this.tail = tail === 0 ? 0 : sources.indexOf(tail - 1) + 1;
    this.inserted += sources.filter((i) => i < 0).length;
    this.moves += 1;
    this.#sources = sources;
    this.#candidates &&= movedCandidates(this.#candidates, sources);
    return true;
  }

  /** Lets a block of masks follow the last one, where the text is to go on. */
  grow(grow: Grow, uniform: Uniform): void {
    const count = grow({ tokens: this.xt, tail: this.tail });
    if (count === 0) return;
    const [start, end] = [this.xt.length, this.xt.length + count];
    this.#move(
      Array.from({ length: end }, (_, i) => (i < start ? i : -1)),
      uniform,
    );
    this.blocks.push({ start, end, positions: Array.from({ length: count }, (_, n) => start + n) });
  }

  /**
   * If all tokens up to the first end token of the tail are certain, what is open behind it becomes that end token: nobody
   * will read it, and no step is spent on it.
   *
   * @param block  the first of the blocks that may still be written
   */
  endText(endIds: readonly number[], block: number): void {
    const open = this.#noise.open(this.xt, this.#positionsFrom(block));
    const end = this.xt.findIndex((token, i) => i >= this.tail && endIds.includes(token));
    if (end < 0 || open.some((i) => i <= end)) return;
    for (const i of open) {
      this.xt[i] = this.xt[end];
      this.predicted.confidence[i] = NaN;
    }
    this.#noised.clear();
    this.#shown = this.#show();
    this.hasEnded = true;
  }

  /**
   * The canvas as it is shown, and how far it is done.
   *
   * @param block  the first of the blocks that may still be written
   */
  view(block: number): CanvasFrameView {
    const sources = this.#sources;
    const candidates = this.#candidates;
    return {
      tokens: this.#shown,
      changed: [...this.#shown.keys()].filter((i) => this.#shown[i] !== this.#shownBefore[i]),
      final: this.#finalBefore(block),
      confidence: this.predicted.confidence,
      ...(sources && { sources }),
      ...(candidates && { candidates }),
    };
  }

  /** Positions from the left that no later step changes: up to the first noise, or to the block that may be rewritten. */
  #finalBefore(block: number): number {
    const { length } = this.xt;
    if (this.hasEnded) return length;
    if (this.#rewrites) return this.blocks[block]?.positions[0] ?? length;
    const first = this.xt.findIndex((_, i) => this.#noised.has(i));
    return first < 0 ? length : first;
  }

  #positionsFrom(block: number): number[] {
    return this.blocks.slice(block).flatMap(({ positions }) => positions);
  }

  /** Everything by position at its new place; a new mask wasn't there before. */
  #move(sources: readonly number[], uniform: Uniform): void {
    this.xt = movedArray(this.xt, sources, this.#maskId);
    for (let to = 0; to < sources.length; to++)
      if (sources[to] < 0) this.xt[to] = this.#noise.draw(to, uniform);
    this.#noised = new Set(
      [...sources.keys()].filter((to) => sources[to] < 0 || this.#noised.has(sources[to])),
    );
    this.predicted = moved(this.predicted, sources);
    this.#shownBefore = movedArray(this.#shownBefore, sources, -1);
    this.#shown = this.#show();
  }

  /** The canvas as it is shown: no noise is a token to anybody but the network. */
  #show(): Int32Array {
    const tokens = this.xt.slice();
    for (const i of this.#noised) tokens[i] = this.#maskId;
    return tokens;
  }
}

/** Where a block is after its canvas was resized; new masks belong to the block that is written. */
function movedBlock(
  { positions: were }: BlockSpan,
  sources: readonly number[],
  isWritten: boolean,
): BlockSpan {
  const mine = new Set(were);
  const positions = [...sources.keys()].filter((to) => (sources[to] < 0 ? isWritten : mine.has(sources[to])));
  return { start: positions[0] ?? 0, end: (positions.at(-1) ?? -1) + 1, positions };
}
