import { type Automaton, follow } from '../src/sampling/constraint/automaton.ts';

/** Whether a text is of an automaton's language. */
export function accepts(language: Automaton, text: string): boolean {
  const state = follow(language, new TextEncoder().encode(text));
  return state >= 0 && language.accepting[state] === 1;
}
