/** How varied texts are, by their words (what stands between blanks). */
export interface Diversity {
  /** The share of different ones among all runs of 1, 2, 3 and 4 words; NaN where there is none. */
  readonly distinct: readonly [number, number, number, number];
  /** The share of runs of four words that stand elsewhere before: 1 − distinct-4. Text that goes in circles has many. */
  readonly repeated: number;
  readonly words: number;
}

/**
 * distinct-n (Li et al. 2016, arXiv:1510.03055) for n of 1 to 4, over all texts as one, so that texts that say the same count
 * as repetition. The longer the whole, the lower it is: compare only what is as long.
 */
export function diversityOf(texts: readonly string[]): Diversity {
  const words = texts.flatMap((text) => text.split(/\s+/).filter((word) => word !== ''));
  const [one, two, three, four] = [1, 2, 3, 4].map((n) => distinct(words, n));
  return { distinct: [one, two, three, four], repeated: 1 - four, words: words.length };
}

/** Different runs of n words over all of them. */
function distinct(words: readonly string[], n: number): number {
  const all = words.length - n + 1;
  if (all < 1) return NaN;
  const runs = new Set(Array.from({ length: all }, (_, i) => words.slice(i, i + n).join(' ')));
  return runs.size / all;
}
