import { BYTE_CHARACTERS, forEachPiece } from './byte-level.ts';
import { Heap } from './heap.ts';

/** Pairs of ids are packed into one number. */
const BASE = 2 ** 21;
/** A queued merge is its rank and where it is, packed into one number: the best rank comes first, then the leftmost. */
const POSITIONS = 2 ** 31;
/** Pieces whose ids are remembered; words repeat, so few are merged twice. */
const CACHED_PIECES = 2 ** 16;
const LONGEST_CACHED = 64;

export interface Merge {
  readonly rank: number;
  readonly id: number;
}

/**
 * The function that gives a text's ids by byte-level BPE: the same as Hugging Face's, with a memory for words.
 *
 * Within a piece the pair of best rank is merged first, the leftmost of equals, until none is left. The candidates wait
 * in a heap, so that a piece of n bytes costs n log n, also where it is a megabyte without a blank.
 *
 * @param merges      rank and result of each pair, by `pairKey`
 * @param wholePiece  whether a piece that is a token is taken as it is (`ignore_merges`)
 * @param pieces      the pattern that cuts the text
 */
export function bpeEncoder(
  vocab: ReadonlyMap<string, number>,
  merges: ReadonlyMap<number, Merge>,
  { wholePiece, pieces }: { readonly wholePiece: boolean; readonly pieces: string },
): (text: string) => number[] {
  const byteIds = BYTE_CHARACTERS.map((character) => vocab.get(character) ?? -1);
  const encoder = new TextEncoder();
  const known = new Map<string, readonly number[]>();

  const encodePiece = (piece: string): readonly number[] => {
    const bytes = encoder.encode(piece);
    if (wholePiece) {
      const id = vocab.get(Array.from(bytes, (byte) => BYTE_CHARACTERS[byte]).join(''));
      if (id !== undefined) return [id];
    }
    // a vocabulary without some byte drops it before anything is merged, as Hugging Face's does
    const symbols = Array.from(bytes, (byte) => byteIds[byte]).filter((id) => id >= 0);
    return mergePairs(Int32Array.from(symbols), merges);
  };

  return (text) => {
    const ids: number[] = [];
    forEachPiece(
      text,
      (piece) => {
        let found = known.get(piece);
        if (!found) {
          found = encodePiece(piece);
          if (known.size >= CACHED_PIECES) known.clear();
          if (piece.length <= LONGEST_CACHED) known.set(piece, found);
        }
        for (const id of found) ids.push(id);
      },
      pieces,
    );
    return ids;
  };
}

export const pairKey = (left: number, right: number) => left * BASE + right;

/** @param symbols  written to */
function mergePairs(symbols: Int32Array, merges: ReadonlyMap<number, Merge>): number[] {
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
