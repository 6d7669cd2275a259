import type { NdArray } from '../base/array.ts';

/** The block that is being written, given text in it included. */
export interface Block {
  /** Counted from 0. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Where in the reverse process a prediction is asked for. What predicts by the canvas alone has no use for it. */
export interface StepContext {
  readonly block: Block;
  readonly t: number;
  /** How often positions have moved: those of an earlier prediction are the same ones only if its number was the same. */
  readonly moves?: number;
  /** For a network that is told so: the logits of the block's latest prediction, one row a position of the block. */
  readonly previousLogits?: NdArray;
  readonly signal?: AbortSignal;
}

/** A moment for predictions outside the reverse process: one block, all of a canvas of L tokens. */
export const wholeCanvas = (L: number, signal?: AbortSignal): StepContext => ({
  block: { index: 0, start: 0, end: L },
  t: 1,
  signal,
});

/**
 * The mask predictor p_θ(x_0 | x_t). A network isn't told the time: LLaDA Eq. (11) shows that t adds nothing to x_t.
 *
 * @param xt    one canvas of token ids, some of them [MASK]           [L]
 * @param rows  the positions whose logits are wanted, ascending       [R]
 * @returns     logits of x_0 at those positions, not yet normalised   [R, V]
 *              They are the caller's to keep: no later call writes into them.
 */
export type MaskPredictor = (xt: Int32Array, rows: Int32Array, context: StepContext) => Promise<NdArray>;
