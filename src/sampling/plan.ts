import { InvalidOptionError } from '../base/errors.ts';
import type { ReverseStep } from './strategies.ts';

/** A step that is to come. */
export type PlannedStep = Pick<ReverseStep, 't' | 's' | 'count'>;

/** Uniform steps from t to 0, each as an exact fraction: no sum of rounding errors; then some at t = 0. */
export function planSteps({
  t,
  steps: n,
  counts,
  corrections = 0,
}: {
  t: number;
  steps: number;
  counts: readonly number[];
  corrections?: number;
}): PlannedStep[] {
  return Array.from({ length: n + corrections }, (_, k) => ({
    t: (t * Math.max(0, n - k)) / n,
    s: (t * Math.max(0, n - k - 1)) / n,
    count: counts[k] ?? 0,
  }));
}

/**
 * The steps of each block: as many as its share of the tokens, at least one, and `steps` in all; or as many for each.
 *
 * @param sizes  the tokens of each block
 */
export function divideSteps(
  { steps: given, stepsPerBlock }: { readonly steps?: number; readonly stepsPerBlock?: number },
  sizes: readonly number[],
): number[] {
  if (stepsPerBlock !== undefined) {
    if (given !== undefined)
      throw new InvalidOptionError(
        'stepsPerBlock',
        'is given instead of steps, not beside it',
        stepsPerBlock,
      );
    if (!(Number.isSafeInteger(stepsPerBlock) && stepsPerBlock >= 1))
      throw new InvalidOptionError('stepsPerBlock', 'must be a whole number, at least 1', stepsPerBlock);
    return sizes.map(() => stepsPerBlock);
  }
  const blocks = sizes.length;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const steps = given ?? total;
  if (!(Number.isSafeInteger(steps) && steps >= blocks)) {
    throw new InvalidOptionError('steps', `must be at least one for each of the ${blocks} blocks`, steps);
  }
  let [tokens, end] = [0, 0];
  return sizes.map((size, index) => {
    tokens += size;
    const begin = end;
    end = Math.max(begin + 1, Math.min(Math.round((steps * tokens) / total), steps - (blocks - 1 - index)));
    return end - begin;
  });
}
