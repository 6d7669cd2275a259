import type { Automaton } from '../src/sampling/constraint/automaton.ts';

/** Whether a text is of an automaton's language, byte by byte. */
export function accepts({ accepting, next }: Automaton, text: string): boolean {
  let state = 0;
  for (const byte of new TextEncoder().encode(text)) {
    state = next[state * 256 + byte];
    if (state < 0) return false;
  }
  return accepting[state] === 1;
}
