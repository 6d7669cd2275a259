import { InvalidOptionError } from '../base/errors.ts';

/** A stretch of a canvas: ids that are given, or a number of tokens to write. */
export type CanvasPart = ArrayLike<number> | { readonly length: number; readonly hole: true };

/** A hole of `length` tokens. */
export function hole(length: number): CanvasPart {
  if (!(Number.isSafeInteger(length) && length >= 1)) {
    throw new InvalidOptionError('length', 'must be a whole number of tokens, at least 1', length);
  }
  return { length, hole: true };
}

/**
 * The canvas that its parts make: given ids as they are, [MASK] where it's to be written. A prompt with an answer is
 * `[ids, hole(n)]`; infilling has text on both sides, and any number of holes.
 *
 * @throws InvalidOptionError  when a given part holds [MASK] itself: it would be written over
 */
export function layCanvas(parts: readonly CanvasPart[], maskId: number): Int32Array {
  const canvas = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    if ('hole' in part) {
      canvas.fill(maskId, start, start + part.length);
    } else {
      canvas.set(part, start);
      const at = canvas.subarray(start, start + part.length).indexOf(maskId);
      if (at >= 0) {
        throw new InvalidOptionError(
          'tokens',
          `must not hold [MASK] (id ${maskId}) in a given part; use a hole`,
          `${maskId} at position ${start + at}`,
        );
      }
    }
    start += part.length;
  }
  return canvas;
}

/** The positions of a canvas that hold [MASK], ascending. */
export function maskedPositions(canvas: Int32Array, maskId: number): number[] {
  const positions: number[] = [];
  for (let i = 0; i < canvas.length; i++) if (canvas[i] === maskId) positions.push(i);
  return positions;
}

/** A block of a canvas: the positions from `start` to before `end`, and which of them are to be written, ascending. */
export interface BlockSpan {
  readonly start: number;
  readonly end: number;
  readonly positions: readonly number[];
}

/** Cuts a canvas into the blocks that are written one after another. */
export type BlockLayout = (
  canvas: Int32Array,
  options: { maskId: number; blockLength?: number },
) => BlockSpan[];

/**
 * Semi-autoregressive blocks: the masked positions of a canvas from left to right, `blockLength` at a time.
 *
 * Given tokens don't count. So the blocks of a prompt with an answer begin where the prompt ends, as in LLaDA's code,
 * and a block of a canvas with holes may reach over given text into the next hole. The last block may be shorter.
 *
 * @returns  blocks from their first masked position to their last
 * @throws InvalidOptionError  when nothing is masked, or not as much as a block
 */
export const layBlocks: BlockLayout = (canvas, { maskId, blockLength }) => {
  const masked = requireMasks(canvas, maskId);
  const size = blockLength ?? masked.length;
  if (!(Number.isSafeInteger(size) && size >= 1 && size <= masked.length)) {
    throw new InvalidOptionError('blockLength', `must be from 1 to the ${masked.length} masked tokens`, size);
  }
  const count = Math.ceil(masked.length / size);
  return Array.from({ length: count }, (_, k) => {
    const positions = masked.slice(k * size, (k + 1) * size);
    return { start: positions[0], end: positions.at(-1)! + 1, positions };
  });
};

/**
 * Blocks of a network that was trained in them: position i belongs to block ⌊i / blockLength⌋, whatever is given. So the
 * first block may hold the end of a prompt. BD3-LM, LLaDA2.
 */
export const alignedBlocks: BlockLayout = (canvas, options) => windows(canvas, options, 0);

/**
 * Blocks of a network that reads a text of any length and then writes so many positions: the first begins at the first
 * mask. What is given lies before it, or inside a block. DiffusionGemma, whose blocks are its canvases.
 */
export const blocksFromFirstMask: BlockLayout = (canvas, options) =>
  windows(canvas, options, canvas.indexOf(options.maskId));

/** Windows of `blockLength` positions from one on, those in which something is to be written; the last may be shorter. */
function windows(
  canvas: Int32Array,
  { maskId, blockLength = canvas.length }: { maskId: number; blockLength?: number },
  first: number,
): BlockSpan[] {
  if (!(Number.isSafeInteger(blockLength) && blockLength >= 1))
    throw new InvalidOptionError('blockLength', 'must be a whole number of tokens, at least 1', blockLength);
  const blocks = new Map<number, number[]>();
  for (const i of requireMasks(canvas, maskId)) {
    const block = Math.floor((i - first) / blockLength);
    blocks.set(block, [...(blocks.get(block) ?? []), i]);
  }
  return Array.from(blocks, ([block, positions]) => {
    const start = first + block * blockLength;
    return { start, end: Math.min(start + blockLength, canvas.length), positions };
  });
}

function requireMasks(canvas: Int32Array, maskId: number): number[] {
  const masked = maskedPositions(canvas, maskId);
  if (masked.length > 0) return masked;
  throw new InvalidOptionError('tokens', `must hold [MASK] (id ${maskId}) where text is wanted`, [...canvas]);
}

/** Where the text that nothing follows begins: behind the last given token. Only there does an end token end the text. */
export function tailStart(canvas: Int32Array, maskId: number): number {
  let start = canvas.length;
  while (start > 0 && canvas[start - 1] === maskId) start--;
  return start;
}

/**
 * A finished canvas without what follows its first end token. The end token stays; those before `start` (of the
 * prompt, or in front of given text) end nothing.
 *
 * @param tokens  a whole canvas                              [L]
 * @param start   where an end token counts, see `tailStart`
 * @returns       the canvas or a beginning of it             [≤ L]
 */
export function cutAtEnd(tokens: Int32Array, endIds: readonly number[], start: number): Int32Array {
  for (let i = start; i < tokens.length; i++) if (endIds.includes(tokens[i])) return tokens.slice(0, i + 1);
  return tokens.slice();
}
