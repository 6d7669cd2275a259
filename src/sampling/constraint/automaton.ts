import { UnsupportedError } from '../../base/errors.ts';

/**
 * A deterministic automaton over the bytes of UTF-8: a regular language. State 0 is where it starts. From every state
 * some text leads to acceptance; only the language without texts has a state that doesn't, its only one.
 */
export interface Automaton {
  /** 1 where a text may end   [Q] */
  readonly accepting: Uint8Array;
  /** The state that a byte leads to; −1 where no text of the language goes on with it   [Q, 256] */
  readonly next: Int32Array;
}

/** States that an automaton may have: beyond this, tables and steps take too long to be of use. */
const MAX_STATES = 20_000;
/** @throws UnsupportedError  where one more state would be too many */
export function checkStateCount(count: number): void {
  if (count < MAX_STATES) return;
  throw new UnsupportedError(
    `the constraint needs an automaton of more than ${MAX_STATES} states: shorten what is repeated a bounded number of times`,
  );
}
