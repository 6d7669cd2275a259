import type { Uniform } from '../base/random.ts';

/** What the forward process makes of a token: the state that the reverse process begins in and may go back to. */
export interface Noise {
  /** What position i holds when it is noise. */
  draw(i: number, uniform: Uniform): number;
  /** Which of some positions are noise in x_t, as far as anybody can tell. */
  open(xt: Int32Array, positions: readonly number[]): readonly number[];
}

/** Every token that was lost is [MASK], and can be told from a token: LLaDA Eq. (7). */
export const absorbing = (maskId: number): Noise => ({
  draw: () => maskId,
  open: (xt, positions) => positions.filter((i) => xt[i] === maskId),
});

/**
 * A lost token is any of the vocabulary, and can't be told from the others; so all of a block is open until it is done.
 * D3PM's uniform process (arXiv:2107.03006, section 3.1), DiffusionGemma.
 */
export const uniformNoise = (vocabularySize: number): Noise => ({
  draw: (i, uniform) => Math.floor(uniform(i) * vocabularySize),
  open: (_, positions) => positions,
});
