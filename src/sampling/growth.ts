import { InvalidOptionError } from '../base/errors.ts';

/** A canvas whose last block was just written. */
export interface Growing {
  readonly tokens: Int32Array;
  /** Where the text begins that was asked for, see `tailStart`. */
  readonly tail: number;
}

/** How many masks follow: a block more of text, or none. */
export type Grow = (canvas: Growing) => number;

/** Why a text is no longer; `constraint`: it is whole by what it had to be, and nothing may follow it. */
export type Ending = 'end token' | 'constraint' | 'repetition' | 'length';

/** What ends a text that may grow. */
export interface EndingOptions {
  readonly endIds: readonly number[];
  /** Whether a text may repeat itself. */
  readonly repeats?: boolean;
}

/** How a text grows block by block. */
export interface GrowthOptions extends EndingOptions {
  /** Masks that are added at a time. */
  readonly blockLength: number;
  /** Tokens that are written at most. */
  readonly length: number;
}

/** Block after block, until the text ends, repeats itself or is as long as it may be. */
export const growing =
  ({ blockLength, length, ...ending }: GrowthOptions): Grow =>
  ({ tokens, tail }) =>
    endingOf({ tokens, tail }, ending) ? 0 : Math.min(blockLength, length - (tokens.length - tail));

/** Why a text would not be longer, whatever the room: it holds an end token behind all that was given, or repeats itself. */
export function endingOf(
  { tokens, tail }: Growing,
  { endIds, repeats = false }: EndingOptions,
): Ending | undefined {
  const written = tokens.subarray(tail);
  if (written.some((token) => endIds.includes(token))) return 'end token';
  return !repeats && isRepetitive(written) ? 'repetition' : undefined;
}

/** What counts as a text that repeats itself. */
export interface RepetitionOptions {
  /** Tokens of a phrase. Default: 4. */
  readonly n?: number;
  /** How far back a repetition is looked for. Default: 128 tokens. */
  readonly window?: number;
  /** Of fewer tokens than these nothing is said. Default: 32. */
  readonly least?: number;
}

/**
 * Whether the end of a text repeats itself: of the phrases of n tokens in its last `window` tokens, fewer than half are
 * different. A text that goes round in a circle of up to half the window is caught in its third round at the latest.
 *
 *     |{ x_i … x_{i+n−1} }|  <  (w − n + 1) / 2,   i in the last w = min(L, window) tokens
 *
 * @throws InvalidOptionError  when n isn't a whole number of at least 1
 */
export function isRepetitive(
  tokens: ArrayLike<number>,
  { n = 4, window = 128, least = 32 }: RepetitionOptions = {},
): boolean {
  if (!(Number.isSafeInteger(n) && n >= 1)) throw new InvalidOptionError('n', 'must be at least 1', n);
  const w = Math.min(tokens.length, window);
  if (w < Math.max(least, n)) return false;
  const phrases = new Set<string>();
  for (let i = tokens.length - w; i + n <= tokens.length; i++)
    phrases.add(Array.from({ length: n }, (_, k) => tokens[i + k]).join(' '));
  return phrases.size < (w - n + 1) / 2;
}
