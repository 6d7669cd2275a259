import { UnsupportedError } from '../../base/errors.ts';

/**
 * A deterministic automaton over the bytes of UTF-8: a regular language. State 0 is where it starts. From every state
 * some text leads to acceptance; only the language without texts has a state that doesn't, its only one.
 *
 * Bytes that lead from every state to the same one are one class, of which there are few: a table by byte would be many
 * times as large, and so would be the time to make it.
 */
export interface Automaton {
  /** 1 where a text may end   [Q] */
  readonly accepting: Uint8Array;
  /** The class of each byte   [256] */
  readonly classOf: Uint8Array;
  /** The number of classes C. */
  readonly classes: number;
  /** The state that a byte of a class leads to; −1 where no text of the language goes on with it   [Q, C] */
  readonly next: Int32Array;
}

/** States that an automaton may have: beyond this, tables and steps take too long to be of use. */
const MAX_STATES = 60_000;

/** @throws UnsupportedError  where one more state would be too many */
export function checkStateCount(count: number): void {
  if (count < MAX_STATES) return;
  throw new UnsupportedError(
    `the constraint needs an automaton of more than ${MAX_STATES} states: shorten what is repeated a bounded number of times`,
  );
}

/** The state that a text leads to; −1 where no text of the language begins so. */
export function follow({ next, classOf, classes }: Automaton, bytes: Uint8Array): number {
  let state = 0;
  for (let i = 0; i < bytes.length && state >= 0; i++) state = next[state * classes + classOf[bytes[i]]];
  return state;
}

/** The language of what may follow in a state. */
export function automatonFrom({ accepting, classOf, classes, next }: Automaton, state: number): Automaton {
  const numbers = new Map<number, number>([[state, 0]]);
  const states = [state];
  const table: number[] = [];
  for (let k = 0; k < states.length; k++) {
    for (let c = 0; c < classes; c++) {
      const to = next[states[k] * classes + c];
      if (to >= 0 && !numbers.has(to)) numbers.set(to, states.push(to) - 1);
      table.push(to < 0 ? -1 : numbers.get(to)!);
    }
  }
  return {
    accepting: Uint8Array.from(states, (q) => accepting[q]),
    classOf,
    classes,
    next: Int32Array.from(table),
  };
}
