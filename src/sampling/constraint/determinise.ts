import { UnsupportedError } from '../../base/errors.ts';
import { type Automaton, checkStateCount } from './automaton.ts';

/** A range of bytes that leads to a state. */
export interface Edge {
  readonly first: number;
  readonly last: number;
  readonly to: number;
}

/** A nondeterministic automaton: of each state the states that it is one with, and its edges. */
export interface StateGraph {
  readonly epsilon: readonly (readonly number[])[];
  readonly edges: readonly (readonly Edge[])[];
}

/** The classes of bytes that edges tell apart. */
function classesOf(edges: StateGraph['edges']): { classOf: Uint8Array; classes: number } {
  const isBorder = new Uint8Array(257);
  for (const list of edges) {
    for (const { first, last } of list) {
      isBorder[first] = 1;
      isBorder[last + 1] = 1;
    }
  }
  const classOf = new Uint8Array(256);
  let classes = 1;
  for (let byte = 1; byte < 256; byte++) {
    if (isBorder[byte]) classes += 1;
    classOf[byte] = classes - 1;
  }
  return { classOf, classes };
}

/** The subset construction: the states of the result are the sets of states that texts lead to. */
export function determinise(parts: StateGraph, start: number, end: number): Automaton {
  const { classOf, classes: C } = classesOf(parts.edges);
  const closures = new Closures(parts, end);
  closures.numberOfOne(start);
  const next: number[] = [];
  const only = new Int32Array(C);
  for (let q = 0; q < closures.sets.length; q++) {
    only.fill(-1);
    const several = new Map<number, number[]>();
    for (const state of closures.sets[q]) {
      for (const { first, last, to } of parts.edges[state]) {
        for (let c = classOf[first]; c <= classOf[last]; c++) {
          if (only[c] < 0) only[c] = to;
          else if (several.has(c)) several.get(c)!.push(to);
          else several.set(c, [only[c], to]);
        }
      }
    }
    for (let c = 0; c < C; c++) {
      const list = several.size > 0 ? several.get(c) : undefined;
      next.push(list ? closures.numberOf(list) : only[c] < 0 ? -1 : closures.numberOfOne(only[c]));
    }
  }
  const accepting = Uint8Array.from(closures.sets, (set) => (set.includes(end) ? 1 : 0));
  return { accepting, classOf, classes: C, next: Int32Array.from(next) };
}

/** States in all sets: beyond this they take seconds and hundreds of megabytes to be told apart. */
const maxMembers = 10_000_000;

/** Sets of states that are reached together, by number. */
class Closures {
  readonly sets: Int32Array[] = [];
  readonly #parts: StateGraph;
  readonly #end: number;
  readonly #byTargets = new Map<string, number>();
  readonly #bySet = new Map<string, number>();
  /** The number of the set that one state leads to; 0 where it isn't known. */
  readonly #bySingle: Int32Array;
  readonly #seen: Int32Array;
  #round = 0;
  #members = 0;

  constructor(parts: StateGraph, end: number) {
    this.#parts = parts;
    this.#end = end;
    this.#bySingle = new Int32Array(parts.epsilon.length);
    this.#seen = new Int32Array(parts.epsilon.length);
  }

  /** The number of the set of states that are reached from one without a byte. */
  numberOfOne(target: number): number {
    return (this.#bySingle[target] ||= this.#closed([target]) + 1) - 1;
  }

  /** The same from several. */
  numberOf(targets: readonly number[]): number {
    const key = targets.join();
    let number = this.#byTargets.get(key);
    if (number === undefined) this.#byTargets.set(key, (number = this.#closed(targets)));
    return number;
  }

  #closed(targets: readonly number[]): number {
    const { epsilon, edges } = this.#parts;
    this.#round += 1;
    const reached: number[] = [];
    const waiting = [...targets];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (this.#seen[state] === this.#round) continue;
      this.#seen[state] = this.#round;
      // what has no edge and isn't the end makes no difference
      if (edges[state].length > 0 || state === this.#end) reached.push(state);
      for (const to of epsilon[state]) waiting.push(to);
    }
    const set = Int32Array.from(reached).sort();
    const key = set.join();
    let number = this.#bySet.get(key);
    if (number === undefined) {
      number = this.sets.length;
      checkStateCount(number);
      this.#members += set.length;
      if (this.#members > maxMembers)
        throw new UnsupportedError(
          'the constraint needs too large an automaton: shorten what is repeated a bounded number of times',
        );
      this.#bySet.set(key, number);
      this.sets.push(set);
    }
    return number;
  }
}
