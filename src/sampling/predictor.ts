import type { NdArray } from '../array.ts';

/**
 * The mask predictor p_θ(x_0 | x_t). It isn't told the time: LLaDA Eq. (11) shows that t adds nothing to x_t.
 *
 * @param xt    one canvas of token ids, some of them [MASK]           [L]
 * @param rows  the positions whose logits are wanted, ascending       [R]
 * @returns     logits of x_0 at those positions, not yet normalised   [R, V]
 *              They are the caller's to keep: no later call writes into them.
 */
export type MaskPredictor = (xt: Int32Array, rows: Int32Array, signal?: AbortSignal) => Promise<NdArray>;
