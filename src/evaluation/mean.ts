/** A mean with its standard error, which is NaN for a single value. */
export interface Mean {
  readonly mean: number;
  readonly standardError: number;
}

/**
 * The ratio of two sums, as the mean of values with weights, with its standard error:
 *
 *     r = Σ v / Σ w          √(N / (N − 1) · Σ (v − w · r)²) / Σ w
 */
export function meanOf(terms: readonly { readonly value: number; readonly weight: number }[]): Mean {
  const sum = (of: (term: (typeof terms)[number]) => number): number =>
    terms.reduce((total, term) => total + of(term), 0);
  const [N, weight] = [terms.length, sum((term) => term.weight)];
  const mean = sum(({ value }) => value) / weight;
  const squares = sum((term) => (term.value - term.weight * mean) ** 2);
  return { mean, standardError: Math.sqrt((N / (N - 1)) * squares) / weight };
}

/** The mean of equal values, each counting once. */
export const plainMean = (values: readonly number[]): Mean =>
  meanOf(values.map((value) => ({ value, weight: 1 })));
