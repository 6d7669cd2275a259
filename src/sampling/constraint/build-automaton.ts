import { type Automaton, checkStateCount } from './automaton.ts';
import type { Expression } from './expression.ts';
import { minimal } from './minimal.ts';
import { NondeterministicAutomaton } from './nondeterministic-automaton.ts';

/** The smallest automaton of a language. @throws UnsupportedError  for one that would be too large */
export function buildAutomaton(expression: Expression): Automaton {
  const parts = new NondeterministicAutomaton();
  const start = parts.addState();
  const end = parts.add(expression, start);
  return minimal(determinise(parts, start, end));
}

/** The texts that both languages have: the automaton over pairs of states. */
export function intersection(a: Automaton, b: Automaton): Automaton {
  const numbers = new Map<number, number>([[0, 0]]);
  const pairs = [[0, 0]];
  const next: number[] = [];
  for (let q = 0; q < pairs.length; q++) {
    const [p, r] = pairs[q];
    for (let byte = 0; byte < 256; byte++) {
      const to = [a.next[p * 256 + byte], b.next[r * 256 + byte]];
      if (to[0] < 0 || to[1] < 0) {
        next.push(-1);
        continue;
      }
      const key = to[0] * b.accepting.length + to[1];
      let number = numbers.get(key);
      if (number === undefined) {
        number = pairs.length;
        checkStateCount(number);
        numbers.set(key, number);
        pairs.push(to);
      }
      next.push(number);
    }
  }
  const accepting = Uint8Array.from(pairs, ([p, r]) => a.accepting[p] & b.accepting[r]);
  return minimal({ accepting, next: Int32Array.from(next) });
}

/** The subset construction. */
function determinise(parts: NondeterministicAutomaton, start: number, end: number): Automaton {
  const numbers = new Map<string, number>();
  const sets: Int32Array[] = [];
  const seen = new Int32Array(parts.epsilon.length).fill(-1);
  let round = 0;

  const numberOf = (targets: readonly number[]): number => {
    round += 1;
    const reached: number[] = [];
    const waiting = [...targets];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (seen[state] === round) continue;
      seen[state] = round;
      // what has no edge and isn't the end makes no difference
      if (parts.edges[state].length > 0 || state === end) reached.push(state);
      waiting.push(...parts.epsilon[state]);
    }
    const set = Int32Array.from(reached).sort();
    const key = set.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = sets.length;
      checkStateCount(number);
      numbers.set(key, number);
      sets.push(set);
    }
    return number;
  };

  numberOf([start]);
  const next: Int32Array[] = [];
  for (let q = 0; q < sets.length; q++) {
    const edges = Array.from(sets[q], (state) => parts.edges[state]).flat();
    const borders = [...new Set(edges.flatMap(({ first, last }) => [first, last + 1]))].sort((a, b) => a - b);
    const row = new Int32Array(256).fill(-1);
    for (const [k, border] of borders.slice(0, -1).entries()) {
      const targets = edges.filter(({ first, last }) => first <= border && border <= last);
      if (targets.length > 0) row.fill(numberOf(targets.map(({ to }) => to)), border, borders[k + 1]);
    }
    next.push(row);
  }
  const table = new Int32Array(next.length * 256);
  next.forEach((row, q) => table.set(row, q * 256));
  return { accepting: Uint8Array.from(sets, (set) => (set.includes(end) ? 1 : 0)), next: table };
}
