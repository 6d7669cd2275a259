import { integerBelow, uniforms } from '../../base/random.ts';

/** Two parts of a sentence, and what stands between and behind them. */
export interface Pair {
  readonly first: string;
  readonly second: string;
  readonly between: string;
  readonly end: string;
}

/** A pair as it is learned, in one sentence. */
export const pairSentence = ({ first, between, second, end }: Pair): string =>
  `${first}${between}${second}${end}`;

/** Names of four letters, descriptions of six: `ruza is ketobi.` */
export function madeUpPairs(count: number): Pair[] {
  const uniform = uniforms(1, 'synthetic');
  const letter = (letters: string, i: number): string => letters[integerBelow(letters.length, uniform(i))];
  const syllables = (number: number, from: number): string =>
    Array.from(
      { length: number },
      (_, i) => letter('bdfghklmnprstvz', from + 2 * i) + letter('aeiou', from + 2 * i + 1),
    ).join('');
  return Array.from({ length: count }, (_, i) => ({
    first: syllables(2, 10 * i),
    between: ' is ',
    second: syllables(3, 10 * i + 4),
    end: '.',
  }));
}
