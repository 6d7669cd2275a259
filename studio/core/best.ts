/** A number that was measured, and how far off it may be. */
export interface Measured {
  readonly value: number;
  /** Its standard error; 0 for what is counted, NaN where nobody knows. */
  readonly error: number;
}

/** A difference is one from so many standard errors on. */
const errorsApart = 2;

/**
 * Which of several numbers is the best, beyond their errors.
 *
 * @param all     undefined for one that isn't known yet
 * @param better  whether the higher or the lower ones are
 * @returns       its place; undefined where none is, or not all are known
 */
export function bestOf(
  all: readonly (Measured | undefined)[],
  better: 'higher' | 'lower',
): number | undefined {
  const known = all.filter((one) => one !== undefined);
  if (known.length < all.length || known.length < 2) return undefined;
  const sign = better === 'higher' ? 1 : -1;
  const [first, ...others] = known.toSorted((a, b) => sign * (b.value - a.value));
  const isAhead = others.every(
    (other) => Math.abs(first.value - other.value) > errorsApart * Math.hypot(first.error, other.error),
  );
  return isAhead ? all.indexOf(first) : undefined;
}
