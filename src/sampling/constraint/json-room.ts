/**
 * How much of a bound is worth counting. An automaton has a state for every count, so a `maxLength` of 1,000 makes one of
 * thousands of states; a canvas of 96 tokens holds no such text, or hardly one.
 */
export interface Room {
  /** `most` characters, or Infinity where no canvas holds more anyway; at least `least`. */
  charactersUpTo(most: number, least: number): number;
  /** The same for items of a list. */
  itemsUpTo(most: number, least: number): number;
}

/** Everything is counted. */
export const unlimited: Room = { charactersUpTo: (most) => most, itemsUpTo: (most) => most };

/** Characters that a token stands for, of a text of words. */
const usualCharacters = 8;

/** What a canvas has room for. */
export interface CanvasSize {
  /** Tokens. */
  readonly length: number;
  /** Characters that one token has at most, and commas. */
  readonly characters: number;
  readonly commas: number;
}

/**
 * A bound beyond what the canvas can hold is none. Below that no more is counted than a canvas of words holds: eight
 * characters for each token, one item for each token.
 */
export function roomOf({ length, characters, commas }: CanvasSize): Room {
  const upTo =
    (possible: number, likely: number) =>
    (most: number, least: number): number =>
      most >= possible ? Infinity : Math.min(most, Math.max(likely, least));
  return {
    charactersUpTo: upTo(length * characters, length * usualCharacters),
    itemsUpTo: upTo(length * commas + 1, length),
  };
}
