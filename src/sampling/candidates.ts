import type { Candidates, DecodeOptions, LongDecode, Seen } from './decode.ts';

/**
 * A decoding that also says which tokens were the likeliest, whatever it takes: what `topK`, `topP`, a temperature or a
 * constraint leaves out is among them.
 *
 * @param k        so many of each row, or as many as there are
 * @param options  of them what can't be predicted at all: `forbidden`, and what is beyond `vocabularySize`
 */
export function withCandidates(decode: LongDecode, k: number, options: DecodeOptions = {}): LongDecode {
  return async (seen, uniform) => ({
    ...(await decode(seen, uniform)),
    candidates: candidatesOf(seen, k, options),
  });
}

/**
 * The k likeliest tokens of each row, the first of equals first, and
 *
 *     p_v = exp(l_v) / Σ_v' exp(l_v')        over the tokens that can be predicted, in float64
 */
export function candidatesOf(
  { logits: { shape, data }, rows }: Pick<Seen, 'logits' | 'rows'>,
  k: number,
  { forbidden = [], vocabularySize = Infinity }: DecodeOptions = {},
): Candidates {
  const [R, V] = shape;
  const row = new Float64Array(Math.min(V, vocabularySize));
  const impossible = new Set(forbidden.filter((id) => id < row.length));
  const width = Math.min(k, row.length - impossible.size);
  const tokens = new Int32Array(R * width);
  const probabilities = new Float64Array(R * width);
  for (let r = 0; r < R; r++) {
    row.set(data.subarray(r * V, r * V + row.length));
    for (const id of impossible) row[id] = -Infinity;
    const best = likeliestOf(row, width);
    let total = 0;
    for (let v = 0; v < row.length; v++) total += Math.exp(row[v] - row[best[0]]);
    for (const [n, id] of best.entries()) {
      tokens[r * width + n] = id;
      probabilities[r * width + n] = Math.exp(row[id] - row[best[0]]) / total;
    }
  }
  return { positions: rows.slice(), tokens, probabilities };
}

/** The k largest of a row, in order: few compared with the row, so each is put into its place. */
function likeliestOf(row: Float64Array, k: number): Int32Array {
  const best = new Int32Array(k);
  let count = 0;
  for (let v = 0; v < row.length; v++) {
    if (count === k && !(row[v] > row[best[k - 1]])) continue;
    let at = count < k ? count++ : k - 1;
    for (; at > 0 && row[v] > row[best[at - 1]]; at--) best[at] = best[at - 1];
    best[at] = v;
  }
  return best;
}

/**
 * The same where positions have moved; what has gone is left out.
 *
 * @param sources  where each position was, or −1
 */
export function movedCandidates(
  { positions, tokens, probabilities }: Candidates,
  sources: readonly number[],
): Candidates {
  const width = tokens.length / Math.max(1, positions.length);
  const rowAt = new Map(Array.from(positions, (i, r) => [i, r]));
  const kept = [...sources.entries()].flatMap(([to, from]) => {
    const r = rowAt.get(from);
    return r === undefined ? [] : [{ to, cells: Array.from({ length: width }, (_, n) => r * width + n) }];
  });
  const cells = kept.flatMap((row) => row.cells);
  return {
    positions: Int32Array.from(kept, ({ to }) => to),
    tokens: Int32Array.from(cells, (cell) => tokens[cell]),
    probabilities: Float64Array.from(cells, (cell) => probabilities[cell]),
  };
}
