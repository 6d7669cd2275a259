import { UnsupportedError } from '../../base/errors.ts';
import type { Expression } from './expression.ts';
import { minimal } from './minimal.ts';
import { utf8Ranges } from './utf8-ranges.ts';

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
const MOST_STATES = 20_000;
const MOST_PARTS = 500_000;

/** The smallest automaton of a language. @throws UnsupportedError  for one that would be too large */
export function automatonOf(expression: Expression): Automaton {
  const parts = new Parts();
  const start = parts.state();
  const end = parts.add(expression, start);
  return minimal(deterministic(parts, start, end));
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
        checkStates(number);
        numbers.set(key, number);
        pairs.push(to);
      }
      next.push(number);
    }
  }
  const accepting = Uint8Array.from(pairs, ([p, r]) => a.accepting[p] & b.accepting[r]);
  return minimal({ accepting, next: Int32Array.from(next) });
}

/** The state that a text leads to; −1 where no text of the language begins so. */
export function follow({ next }: Automaton, bytes: Uint8Array): number {
  let state = 0;
  for (let i = 0; i < bytes.length && state >= 0; i++) state = next[state * 256 + bytes[i]];
  return state;
}

function checkStates(count: number): void {
  if (count < MOST_STATES) return;
  throw new UnsupportedError(
    `the constraint needs an automaton of more than ${MOST_STATES} states: shorten what is repeated a bounded number of times`,
  );
}

interface Edge {
  readonly first: number;
  readonly last: number;
  readonly to: number;
}

/** A nondeterministic automaton that grows with an expression: Thompson's construction. */
class Parts {
  readonly free: number[][] = [];
  readonly edges: Edge[][] = [];

  state(): number {
    if (this.free.length >= MOST_PARTS) {
      throw new UnsupportedError(
        `the constraint has more than ${MOST_PARTS} parts: shorten what is repeated a bounded number of times`,
      );
    }
    this.edges.push([]);
    return this.free.push([]) - 1;
  }

  link(from: number, to: number): number {
    this.free[from].push(to);
    return to;
  }

  /** Adds the texts of an expression from a state on, and gives the state that they lead to. Nothing leads back to `from`. */
  add(expression: Expression, from: number): number {
    switch (expression.kind) {
      case 'characters': {
        const end = this.state();
        for (const bytes of utf8Ranges(expression.ranges)) {
          let at = from;
          for (const [i, [first, last]] of bytes.entries()) {
            const to = i === bytes.length - 1 ? end : this.state();
            this.edges[at].push({ first, last, to });
            at = to;
          }
        }
        return end;
      }
      case 'sequence':
        return expression.parts.reduce((at, part) => this.add(part, at), from);
      case 'choice': {
        const end = this.state();
        for (const option of expression.options) this.link(this.add(option, from), end);
        return end;
      }
      case 'repetition': {
        const { part, least, most } = expression;
        let at = from;
        for (let n = 0; n < least; n++) {
          const before = at;
          at = this.add(part, at);
          if (at === before) return at; // nothing, however often
        }
        if (most === Infinity) {
          const loop = this.link(at, this.state());
          this.link(this.add(part, loop), loop);
          return loop;
        }
        const end = this.state();
        for (let n = least; n < most; n++) {
          this.link(at, end);
          const before = at;
          at = this.add(part, at);
          if (at === before) break;
        }
        return this.link(at, end);
      }
      case 'list': {
        // two ways through the parts: nothing was written yet, or something, and then a separator comes first
        let empty = from;
        let begun: number | undefined;
        for (const { part, optional } of expression.parts) {
          const entry = this.state();
          if (empty >= 0) this.link(empty, entry);
          if (begun !== undefined) this.link(this.add(expression.separator, begun), entry);
          const end = this.link(this.add(part, entry), this.state());
          if (optional && begun !== undefined) this.link(begun, end);
          if (!optional) empty = -1;
          begun = end;
        }
        const end = this.state();
        if (empty >= 0) this.link(empty, end);
        if (begun !== undefined) this.link(begun, end);
        return end;
      }
      case 'automaton': {
        const { accepting, next } = expression.automaton;
        const states = Array.from(accepting, () => this.state());
        this.link(from, states[0]);
        const end = this.state();
        for (const [q, state] of states.entries()) {
          if (accepting[q]) this.link(state, end);
          for (let first = 0; first < 256; first++) {
            const to = next[q * 256 + first];
            let last = first;
            while (last < 255 && next[q * 256 + last + 1] === to) last++;
            if (to >= 0) this.edges[state].push({ first, last, to: states[to] });
            first = last;
          }
        }
        return end;
      }
      default:
        return expression satisfies never;
    }
  }
}

/** The subset construction. */
function deterministic(parts: Parts, start: number, end: number): Automaton {
  const numbers = new Map<string, number>();
  const sets: Int32Array[] = [];
  const seen = new Int32Array(parts.free.length).fill(-1);
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
      waiting.push(...parts.free[state]);
    }
    const set = Int32Array.from(reached).sort();
    const key = set.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = sets.length;
      checkStates(number);
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
