import { InvalidOptionError } from '../base/errors.ts';
import { maskedCanvas } from './scored-canvas.ts';
import type { RowScorer } from './scorer.ts';

/** A clean text whose tokens are priced one by one. */
export interface TokenCostOptions {
  /** Clean tokens   [L] */
  readonly x0: Int32Array;
  readonly maskId: number;
  /** Positions that the model sees at most. Default: all. */
  readonly maxLength?: number;
  /** K: in how many canvases each token is masked once. Default: 8. */
  readonly sets?: number;
  readonly signal?: AbortSignal;
}

/**
 * What each token of a text costs given the others, all but those that are masked with it:
 *
 *     c_i = −log p_θ(x_0^i | x_0^j for all j ≢ i mod K)                 nats   [L]
 *
 * K canvases, each with every K-th position masked, say it of all positions. With K = L it is the pseudo-likelihood of
 * each token given all others. A text longer than the model is read in windows that overlap by half, and a token counts
 * as the window says in whose middle it is.
 *
 * @returns  the costs, and the canvases that it took
 * @throws InvalidOptionError  when sets isn't a whole number of at least 1
 */
export async function tokenCosts(
  score: RowScorer,
  { x0, maskId, maxLength = x0.length, sets = 8, signal }: TokenCostOptions,
): Promise<{ nats: Float64Array; forwards: number }> {
  if (!(Number.isSafeInteger(sets) && sets >= 1)) {
    throw new InvalidOptionError('sets', 'must be a whole number of at least 1', sets);
  }
  const nats = new Float64Array(x0.length);
  let forwards = 0;
  for (const { start, end, from, to } of overlapping(x0.length, maxLength)) {
    const window = x0.subarray(start, end);
    for (let set = 0; set < sets; set++) {
      signal?.throwIfAborted();
      const rows = [...window.keys()].filter((i) => i % sets === set && start + i >= from && start + i < to);
      if (rows.length === 0) continue;
      // what lies outside the middle is masked in its turn too, so that all tokens see as much
      const masked = Int32Array.from([...window.keys()].filter((i) => i % sets === set));
      const { tokens, targets } = maskedCanvas(window, masked, 1, maskId);
      const scored = Int32Array.from(rows);
      const wanted = Int32Array.from(rows, (i) => targets[masked.indexOf(i)]);
      const batch = { tokens: { shape: [1, window.length], data: tokens }, rows: scored, targets: wanted };
      const costs = await score(batch, signal);
      for (const [r, i] of rows.entries()) nats[start + i] = costs[r];
      forwards += 1;
    }
  }
  return { nats, forwards };
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
