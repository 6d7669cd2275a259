import { maskedCanvas } from './canvas.ts';
import type { RowScorer } from './scorer.ts';

/** What stands around a hole; other holes are masked. */
export interface HoleContext {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly maskId: number;
  /** Writes some masked positions of a canvas, quickly. */
  readonly draft: (canvas: Int32Array, positions: number[]) => Promise<Int32Array>;
  readonly signal?: AbortSignal;
}

/** Given tokens on each side of a hole that have to be likely, too. */
const margin = 8;
/** Of these neighbours one is scored and the others are seen. */
const sets = 3;
/** Lengths that are tried at first, and then around the best of them. */
const tries = 6;

/**
 * The length of a hole for which the text is likeliest as a whole, all lengths being as likely before it is seen:
 *
 *     argmin_n Σ_i −log p_θ(x_i | x_j for all j ≢ i mod 3),   i in the hole and the 8 given tokens on each side
 *
 * where x is a draft of the hole with n tokens. All n have the same given tokens to explain, so a hole that is too short to
 * join them pays there, and each token more has to be paid for. In a range of more than 12 lengths six are tried first,
 * from the least to the most in equal ratios, and then up to six between the neighbours of the best.
 *
 * @returns  the length, and the canvases that were scored
 */
export async function likeliestLength(
  score: RowScorer,
  context: HoleContext,
  { least, most }: { readonly least: number; readonly most: number },
): Promise<{ length: number; scored: number }> {
  const costs = new Map<number, number>();
  const tryAll = async (lengths: readonly number[]): Promise<void> => {
    // where one fails the others are waited for: who is told of it may count on the network being free
    const found = await Promise.allSettled(lengths.map((n) => costOf(score, context, n)));
    for (const [index, result] of found.entries()) {
      if (result.status === 'rejected') throw result.reason;
      costs.set(lengths[index], result.value);
    }
  };
  const best = (): number => [...costs].reduce((a, b) => (b[1] < a[1] ? b : a))[0];

  if (most - least < 2 * tries) await tryAll(between(least, most, 2 * tries));
  else {
    await tryAll(inRatios(least, most, tries));
    const tried = [...costs.keys()].sort((a, b) => a - b);
    const at = tried.indexOf(best());
    const [from, to] = [tried[at - 1] ?? least, tried[at + 1] ?? most];
    await tryAll(between(from, to, tries + 3).filter((n) => !costs.has(n)));
  }
  return { length: best(), scored: sets * costs.size };
}

/** −log p of a draft of a hole of n tokens, and of the given text at its sides. */
async function costOf(
  score: RowScorer,
  { before, after, maskId, draft, signal }: HoleContext,
  n: number,
): Promise<number> {
  const hole = Array.from({ length: n }, (_, k) => before.length + k);
  const x0 = await draft(Int32Array.from([...before, ...hole.map(() => maskId), ...after]), hole);
  const zone = Array.from({ length: n + 2 * margin }, (_, k) => before.length - margin + k).filter(
    (i) => i >= 0 && i < x0.length && x0[i] !== maskId,
  );
  const canvases = Array.from({ length: sets }, (_, set) =>
    maskedCanvas(x0, Int32Array.from(zone.filter((i) => i % sets === set)), 1, maskId),
  );
  signal?.throwIfAborted();
  const L = x0.length;
  const costs = await score(
    {
      tokens: { shape: [sets, L], data: Int32Array.from(canvases.flatMap(({ tokens }) => [...tokens])) },
      rows: Int32Array.from(canvases.flatMap(({ rows }, b) => Array.from(rows, (i) => b * L + i))),
      targets: Int32Array.from(canvases.flatMap(({ targets }) => [...targets])),
    },
    signal,
  );
  return Array.from(costs).reduce((sum, cost) => sum + cost, 0);
}

/** At most so many whole numbers from one to another, as evenly as can be. */
function between(least: number, most: number, count: number): number[] {
  const n = Math.min(count, most - least + 1);
  return Array.from({ length: n }, (_, k) =>
    n === 1 ? least : Math.round(least + (k * (most - least)) / (n - 1)),
  );
}

/** So many whole numbers from one to another in equal ratios. */
function inRatios(least: number, most: number, count: number): number[] {
  const ratio = (most / least) ** (1 / (count - 1));
  return [...new Set(Array.from({ length: count }, (_, k) => Math.round(least * ratio ** k)))];
}
