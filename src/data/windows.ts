/** Stretches of one long list of tokens: what a row of a batch is filled with. */
export interface Windows {
  readonly starts: Float64Array;
  readonly lengths: Int32Array;
}

/** A stretch of tokens, `end` excluded. */
export interface WindowSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Windows of at most L tokens over documents, none of which reaches over a boundary.
 *
 * A document of n ≤ L tokens is one window of n. A longer one is ⌈n / L⌉ windows of L; with `overlap` the last is moved back
 * so that it ends with the document and no token of a batch is wasted, otherwise it is as short as what is left.
 */
export function documentWindows(
  documents: readonly WindowSpan[],
  L: number,
  { overlap }: { readonly overlap: boolean },
): Windows {
  const starts: number[] = [];
  const lengths: number[] = [];
  for (const { start, end } of documents) {
    for (let at = start; at < end; at += L) {
      const from = overlap && end - at < L ? Math.max(start, end - L) : at;
      starts.push(from);
      lengths.push(Math.min(L, end - from));
    }
  }
  return { starts: Float64Array.from(starts), lengths: Int32Array.from(lengths) };
}

/** Windows of exactly L tokens, one after the other, from a stream; what is left at its end belongs to none. */
export function streamWindows({ start, end }: WindowSpan, L: number): Windows {
  const count = Math.floor((end - start) / L);
  return {
    starts: Float64Array.from({ length: count }, (_, i) => start + i * L),
    lengths: new Int32Array(count).fill(L),
  };
}
