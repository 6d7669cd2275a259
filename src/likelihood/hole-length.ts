import { type Canvas, costsOf } from './scored-canvas.ts';
import type { RowScorer } from './scorer.ts';

/** What stands around a hole; other holes are masked. */
export interface HoleContext {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly maskId: number;
  readonly signal?: AbortSignal;
}

/** Given tokens behind a hole that a length has to explain. */
const explained = 8;
/** Lengths that are tried at first, and then around the best of them. */
const tries = 6;

/**
 * The length of a hole that explains the text behind it best, all lengths being as likely before that is seen:
 *
 *     argmin_n −log p_θ(a | b, n masks) = argmin_n Σ_j −log p_θ(a_j | b, n masks, a_1 … a_{j−1})
 *
 * with b the text before the hole and a the first 8 given tokens behind it. It is Bayes' rule, and what may stand in the hole
 * is summed over by the model itself: a hole need not be written to be judged, and a long one has no more to pay for than a
 * short one, as it would if its tokens counted. In a range of more than 12 lengths six are tried first, from the least to the
 * most in equal ratios, and then up to seven between the neighbours of the best.
 *
 * A hole with nothing behind it is as long as it may be: the text in it ends where it ends.
 *
 * @returns  the length, and the canvases that were scored
 */
export async function likeliestLength(
  score: RowScorer,
  context: HoleContext,
  {
    least,
    most,
    admits = () => true,
  }: {
    readonly least: number;
    readonly most: number;
    /** Whether a length may be taken; some may. Default: all. */
    readonly admits?: (length: number) => boolean;
  },
): Promise<{ length: number; scored: number }> {
  const costs = new Map<number, number>();
  let scored = 0;
  const tryAll = async (lengths: readonly number[]): Promise<void> => {
    for (const n of lengths) {
      const canvases = canvasesOf(context, n);
      const each = await costsOf(score, canvases, { batch: explained, signal: context.signal });
      costs.set(
        n,
        each.reduce((sum, cost) => sum + cost, 0),
      );
      scored += canvases.length;
    }
  };
  const best = (): number => [...costs].reduce((a, b) => (b[1] < a[1] ? b : a))[0];

  if (context.after.every((id) => id === context.maskId)) return { length: most, scored };
  const lengths = Array.from({ length: most - least + 1 }, (_, i) => least + i).filter(admits);
  if (lengths.length <= 2 * tries) await tryAll(lengths);
  else {
    await tryAll(inRatios(lengths, tries));
    const tried = [...costs.keys()].sort((a, b) => a - b);
    const at = tried.indexOf(best());
    const [from, to] = [tried[at - 1] ?? lengths[0], tried[at + 1] ?? lengths.at(-1)!];
    const near = lengths.filter((n) => n >= from && n <= to);
    await tryAll(evenly(near, tries + 3).filter((n) => !costs.has(n)));
  }
  return { length: best(), scored };
}

/** A hole of n masks, and one by one the given tokens behind it, each with what is behind it masked. */
function canvasesOf({ before, after, maskId }: HoleContext, n: number): Canvas[] {
  const given = Array.from(after.keys()).filter((i) => after[i] !== maskId);
  const near = after.slice(0, (given.slice(0, explained).at(-1) ?? -1) + 1);
  const x0 = Int32Array.from([...before, ...Array.from({ length: n }, () => maskId), ...near]);
  const first = before.length + n;
  return near.flatMap((token, j) => {
    if (token === maskId) return [];
    const tokens = x0.slice().fill(maskId, first + j);
    return { tokens, rows: Int32Array.of(first + j), targets: Int32Array.of(token), weight: 1 };
  });
}

/** At most so many of some lengths, as evenly as can be. */
function evenly(lengths: readonly number[], count: number): readonly number[] {
  const last = lengths.length - 1;
  if (last < count) return lengths;
  return Array.from({ length: count }, (_, k) => lengths[Math.round((k * last) / (count - 1))]);
}

/** So many of some ascending lengths in about equal ratios, the first and the last among them. */
function inRatios(lengths: readonly number[], count: number): number[] {
  const [least, most] = [lengths[0], lengths.at(-1)!];
  const ratio = (most / least) ** (1 / (count - 1));
  const wanted = Array.from({ length: count }, (_, k) => Math.round(least * ratio ** k));
  return [...new Set(wanted.map((n) => lengths.find((length) => length >= n) ?? most))];
}
