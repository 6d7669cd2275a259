import { grouped } from '../../src/base/format-count.ts';

/**
 * How a token looks that the model finds this likely where it stands. Of a text that is right about half of the words have less
 * than one in ten, for there is more than one way to go on; what is wrong has one in hundreds or thousands.
 */
export const doubtLevels = [
  { look: 'doubt-2', below: 0.001, name: 'under 0.1 %' },
  { look: 'doubt-1', below: 0.01, name: 'under 1 %' },
] as const;

export type DoubtLook = (typeof doubtLevels)[number]['look'] | '';

/** '' where there is nothing to doubt. */
export const doubtOf = (probability: number): DoubtLook =>
  doubtLevels.find(({ below }) => probability < below)?.look ?? '';

/** For a person: small ones as one in how many, of which one digit counts. */
export const likelihood = (probability: number): string =>
  probability < 1e-9
    ? 'less than 1 in a billion'
    : probability < 0.001
      ? `1 in ${grouped(Number((1 / probability).toPrecision(1)))}`
      : `${(100 * probability).toPrecision(2)} %`;

/**
 * Why an edit suggests nothing, and what helps.
 *
 * @param words  what was written anew, each in quotes
 * @param asked  what was asked of it
 */
export function nothingLikelier(
  words: readonly string[],
  { maxChange, dryRun, isMarked }: Readonly<Record<string, unknown>>,
): string {
  const list = words.join(', ');
  if (dryRun === true && list !== '') return `A dry run: ${list} would be written anew.`;
  if (isMarked === true) return `In the place of ${list} the model wrote nothing else, as often as it tried.`;
  const within = maxChange === undefined ? '' : ' that fits into the most that may change';
  const why =
    list === ''
      ? `No word${within} is so unlikely that it is written anew by itself (the option Threshold).`
      : `In the place of ${list} the model finds nothing likelier.`;
  return `${why} Check lists unlikely words; Others, beside each, has other words written all the same.`;
}

/**
 * Why an edit left an unlikely word as it is, in a few words.
 *
 * @param isWritten  whether it was written anew, and what came was not suggested
 */
export function whyLeft(
  { probability, isWritten }: { readonly probability: number; readonly isWritten: boolean },
  { threshold, dryRun }: { readonly threshold: number; readonly dryRun: boolean },
): string {
  if (isWritten) return dryRun ? 'would be written anew' : 'left: nothing likelier';
  return probability < threshold
    ? 'left: beyond the most that may change'
    : `left: not under the threshold, ${likelihood(threshold)}`;
}
