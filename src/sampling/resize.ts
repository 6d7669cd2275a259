import { type LongDecode, withoutTokens } from './decode.ts';

/** A block after a step, before the canvas may be given another length. */
export interface Resizable {
  /** The canvas after the step   [L] */
  readonly xs: Int32Array;
  /** The positions that the block may write, ascending. */
  readonly positions: readonly number[];
  /** Where the text begins that nothing given follows, see `tailStart`. */
  readonly tail: number;
  /** Masks that were inserted so far. */
  readonly inserted: number;
}

/**
 * What becomes of the canvas's length after a step of an absorbing process.
 *
 * @returns  for each position of the next canvas the one that it was, ascending, or −1 where it is a new mask of this
 *           block; undefined where all stays where it is. Given tokens stay, and new masks are bounded in all.
 */
export type Resize = (block: Resizable) => readonly number[] | undefined;

/** The tokens by which a model says that a hole has another length than it was given. */
export interface ResizingTokens {
  /** Stands for two tokens that are masked again. */
  readonly expandId: number;
  /** Stand for nothing, in front of given text. */
  readonly deleteIds: readonly number[];
}

/** How far a canvas may grow. */
export interface ResizingLimits {
  /** Expansions in all. */
  readonly budget: number;
  /** Positions that a canvas has at most. */
  readonly maxLength: number;
}

/**
 * DreamOn's scheme (arXiv:2602.01326): an expand token that was written becomes two masks, and an end token in front of
 * given text is taken away.
 *
 * Where several are written at once and there is room for some, the rightmost are expanded, and the others become one mask.
 * That counts as half an expansion, so that it ends.
 */
export const expandAndDelete =
  ({ expandId, deleteIds }: ResizingTokens, limits: ResizingLimits): Resize =>
  ({ xs, positions, tail, inserted }) => {
    const deleted = new Set(positions.filter((i) => i < tail && deleteIds.includes(xs[i])));
    const expanding = positions.filter((i) => xs[i] === expandId);
    if (deleted.size === 0 && expanding.length === 0) return undefined;
    const room = Math.min(expanding.length, roomFor(xs.length - deleted.size, inserted, limits));
    const twice = new Set(expanding.slice(expanding.length - room));
    return Array.from(xs.keys())
      .filter((i) => !deleted.has(i))
      .flatMap((i) => (twice.has(i) ? [-1, -1] : xs[i] === expandId && expanding.includes(i) ? [-1] : [i]));
  };

/** A decoding that predicts the expand token only while there is room for two masks. */
export const expandingWithin = (
  decode: LongDecode,
  { expandId }: ResizingTokens,
  limits: ResizingLimits,
): LongDecode =>
  withoutTokens(decode, ({ xt, inserted = 0 }) =>
    roomFor(xt.length, inserted, limits) > 0 ? [] : [expandId],
  );

/** How many expansions a canvas of L positions still has room for. */
function roomFor(L: number, inserted: number, { budget, maxLength }: ResizingLimits): number {
  return Math.max(0, Math.min(Math.floor(budget - inserted / 2), maxLength - L));
}
