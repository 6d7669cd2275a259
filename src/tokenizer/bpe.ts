import { Heap } from './heap.ts';

/** Pairs of ids are packed into one number. */
const BASE = 2 ** 21;
/** A queued merge is its rank and where it is, packed into one number: the best rank comes first, then the leftmost. */
const POSITIONS = 2 ** 31;

/** A merge of two tokens: the lower its rank, the earlier; and the token that it makes. */
export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/** One number for a pair of ids. */
export const pairKey = (left: number, right: number) => left * BASE + right;

/**
 * The ids of a piece by byte-pair encoding: the pair of best rank is merged first, the leftmost of equals, until none is
 * left. The candidates wait in a heap, so that a piece of n symbols costs n log n, also where it is a megabyte without a blank.
 *
 * @param symbols  ids of the parts that it begins with; written to
 * @param merges   rank and result of each pair, by `pairKey`
 */
export function mergePairs(symbols: Int32Array, merges: ReadonlyMap<number, Merge>): number[] {
  const next = Int32Array.from(symbols, (_, i) => (i + 1 < symbols.length ? i + 1 : -1));
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  const mergeAt = (position: number) =>
    position < 0 || next[position] < 0
      ? undefined
      : merges.get(pairKey(symbols[position], symbols[next[position]]));
  const queue = new Heap<number>((a, b) => a < b);
  const enqueue = (position: number) => {
    const merge = mergeAt(position);
    if (merge) queue.push(merge.rank * POSITIONS + position);
  };
  for (let i = 0; i + 1 < symbols.length; i++) enqueue(i);

  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    const position = item % POSITIONS;
    const merge = mergeAt(position);
    // what stood there when it was queued may have been merged since
    if (!merge || merge.rank !== Math.floor(item / POSITIONS)) continue;
    const gone = next[position];
    symbols[position] = merge.id;
    next[position] = next[gone];
    next[gone] = -1;
    if (next[position] >= 0) previous[next[position]] = position;
    enqueue(previous[position]);
    enqueue(position);
  }

  const ids: number[] = [];
  for (let i = symbols.length > 0 ? 0 : -1; i >= 0; i = next[i]) ids.push(symbols[i]);
  return ids;
}
