import { InvalidOptionError } from '../base/errors.ts';
import type { RowScorer } from './scorer.ts';

/** A clean text whose tokens are priced one by one. */
export interface TokenCostOptions {
  /** Clean tokens   [L] */
  readonly x0: Int32Array;
  readonly maskId: number;
  /** Positions that the model sees at most. Default: all. */
  readonly maxLength?: number;
  /** K: every K-th word is masked at a time. Default: 8. */
  readonly sets?: number;
  /** w: the word that each token is of, ascending. Default: each token is a word   [L] */
  readonly words?: Int32Array;
  readonly signal?: AbortSignal;
}

/**
 * What each token of a text costs given the tokens before it in its word, and all other words but those masked with it:
 *
 *     c_i = −log p_θ(x_0^i | x_0^j for all j but those with w_j ≡ w_i mod K and o_j ≥ o_i)      nats   [L]
 *
 * where o_i counts the tokens of the word before i: PLL-word-l2r of Kauf and Ivanova 2023 (arXiv:2305.10588), of K-th parts
 * of the text. The tokens of a rare word make each other likely; so none is told those behind it. Where each token is a
 * word, it is the pseudo-likelihood, and with K = L that of each token given all others. A text longer than the model is
 * read in windows that overlap by half, and a token counts as the window says in whose middle it is.
 *
 * @returns  the costs, and the canvases that it took: K times the tokens of the longest words
 * @throws InvalidOptionError  when sets isn't a whole number of at least 1
 */
export async function tokenCosts(
  score: RowScorer,
  {
    x0,
    maskId,
    maxLength = x0.length,
    sets = 8,
    words = Int32Array.from(x0.keys()),
    signal,
  }: TokenCostOptions,
): Promise<{ nats: Float64Array; forwards: number }> {
  if (!(Number.isSafeInteger(sets) && sets >= 1)) {
    throw new InvalidOptionError('sets', 'must be a whole number of at least 1', sets);
  }
  const offsets = offsetsIn(words);
  const nats = new Float64Array(x0.length);
  let forwards = 0;
  for (const { start, end, from, to } of overlapping(x0.length, maxLength)) {
    const window = x0.subarray(start, end);
    for (let set = 0; set < sets; set++) {
      // what lies outside the middle is masked in its turn too, so that all tokens see as much
      let masked = [...window.keys()].filter((i) => words[start + i] % sets === set);
      for (let offset = 0; masked.length > 0; offset++) {
        signal?.throwIfAborted();
        const rows = masked.filter(
          (i) => offsets[start + i] === offset && start + i >= from && start + i < to,
        );
        if (rows.length > 0) {
          const data = window.slice();
          for (const i of masked) data[i] = maskId;
          const scored = Int32Array.from(rows);
          const batch = {
            tokens: { shape: [1, window.length], data },
            rows: scored,
            targets: scored.map((i) => window[i]),
          };
          const costs = await score(batch, signal);
          for (const [r, i] of rows.entries()) nats[start + i] = costs[r];
          forwards += 1;
        }
        masked = masked.filter((i) => offsets[start + i] > offset);
      }
    }
  }
  return { nats, forwards };
}

/** How many tokens of its word stand before each   [L] */
function offsetsIn(words: Int32Array): Int32Array {
  const offsets = new Int32Array(words.length);
  for (let i = 1; i < words.length; i++) offsets[i] = words[i] === words[i - 1] ? offsets[i - 1] + 1 : 0;
  return offsets;
}

/** A stretch that the model reads, and the part of it that it is asked about. */
interface Overlapping {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** Windows of at most `most` positions that overlap by half; together they are asked about every position once. */
function overlapping(L: number, most: number): Overlapping[] {
  if (L <= most) return [{ start: 0, end: L, from: 0, to: L }];
  const stride = Math.max(1, Math.floor(most / 2));
  const windows: Overlapping[] = [];
  for (let from = 0; from < L;) {
    const start = Math.min(Math.max(0, from - Math.floor((most - stride) / 2)), L - most);
    const end = start + most;
    const to = end === L ? L : Math.min(L, start + Math.floor((most + stride) / 2));
    windows.push({ start, end, from, to });
    from = to;
  }
  return windows;
}
