import type { NdArray } from '../base/array.ts';
import { uniforms } from '../base/random.ts';

// Block diffusion (BD3-LM, arXiv:2503.09573): blocks are written one after another, each by diffusion. All blocks of a text
// are learned, or scored, in one forward over the noisy text and then the clean one, [x_t ; x_0]   [2L]

/** Positions of [x_t ; x_0]: 0 … L − 1 twice, in every row   [B, 2L] */
export function doubledPositions(B: number, L: number): NdArray<Int32Array> {
  return { shape: [B, 2 * L], data: Int32Array.from({ length: 2 * B * L }, (_, i) => i % L) };
}

/**
 * Where a query (second axis) of [x_t ; x_0] may look at a key (third), in all rows alike.   [1, 2L, 2L]
 *
 *     M_BD   noisy → noisy   in the same block                   BD3-LM section 3.3
 *     M_OBC  noisy → clean   in blocks before
 *     M_BC   clean → clean   in the same block and those before
 */
export function doubledMask(L: number, blockLength: number): NdArray<Uint8Array> {
  const data = new Uint8Array(4 * L * L);
  for (let i = 0; i < L; i++) {
    const start = i - (i % blockLength);
    const end = Math.min(start + blockLength, L);
    const noisy = i * 2 * L;
    data.fill(1, noisy + start, noisy + end);
    data.fill(1, noisy + L, noisy + L + start);
    const clean = (L + i) * 2 * L + L;
    data.fill(1, clean, clean + end);
  }
  return { shape: [1, 2 * L, 2 * L], data };
}

/**
 * The row of [x_t ; x_0] that is about token i. Where the network predicts each token at the position before it, the first
 * token of a block is predicted by the clean end of the block before: that is what is known when the block begins.
 */
export function doubledRow(i: number, L: number, blockLength: number, shiftedLogits: boolean): number {
  return shiftedLogits && i > 0 && i % blockLength === 0 ? L + i : i;
}

/** Positions, ascending, block by block; blocks begin at multiples of their length. Blocks without any are left out. */
export function byBlock(positions: Int32Array, blockLength: number): Int32Array[] {
  const blocks: Int32Array[] = [];
  for (let from = 0; from < positions.length;) {
    const block = Math.floor(positions[from] / blockLength);
    let to = from;
    while (to < positions.length && Math.floor(positions[to] / blockLength) === block) to++;
    blocks.push(positions.subarray(from, to));
    from = to;
  }
  return blocks;
}

/** The length of a block in an update (from 0): powers of two from 1, each for as long, and then the whole of it. */
export function growingBlock(
  blockLength: number,
  { updates = 0 }: { readonly updates?: number } = {},
): (step: number) => number {
  const stages = Math.ceil(Math.log2(blockLength));
  return (step) =>
    step >= updates ? blockLength : Math.min(blockLength, 2 ** Math.floor((stages * step) / updates));
}

/**
 * The lengths of `lengthAt`, and in a share of the updates, drawn one by one, the whole window: masked diffusion. A network
 * that learns both writes in blocks, and reads a mask by what stands behind it as well.
 */
export const wholeInShare =
  (
    lengthAt: (step: number) => number,
    { seed, share }: { readonly seed: number; readonly share: number },
  ): ((step: number) => number) =>
  (step) =>
    uniforms(seed, 'whole', step)(0) < share ? Infinity : lengthAt(step);
