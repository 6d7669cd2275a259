import { UnsupportedError } from '../../base/errors.ts';
import type { Automaton } from './automaton.ts';
import type { Expression, List, Ranges, Repetition } from './expression.ts';
import { utf8Ranges } from './utf8-ranges.ts';

/** An edge that any byte from `first` to `last` takes. */
interface Edge {
  readonly first: number;
  readonly last: number;
  readonly to: number;
}

const MAX_STATES = 500_000;

/** A nondeterministic automaton with ε-edges, which grows with an expression: Thompson's construction. */
export class NondeterministicAutomaton {
  /** The states that each leads to without a byte. */
  readonly epsilon: number[][] = [];
  readonly edges: Edge[][] = [];

  /** Adds a state and gives its number. @throws UnsupportedError  where it would be one too many */
  addState(): number {
    if (this.epsilon.length >= MAX_STATES) {
      throw new UnsupportedError(
        `the constraint has more than ${MAX_STATES} parts: shorten what is repeated a bounded number of times`,
      );
    }
    this.edges.push([]);
    return this.epsilon.push([]) - 1;
  }

  /** Adds the texts of an expression from a state on, and gives the state that they lead to. Nothing leads back to `from`. */
  add(expression: Expression, from: number): number {
    switch (expression.kind) {
      case 'characters':
        return this.#addCharacters(expression.ranges, from);
      case 'sequence':
        return expression.parts.reduce((at, part) => this.add(part, at), from);
      case 'choice': {
        const end = this.addState();
        for (const option of expression.options) this.#link(this.add(option, from), end);
        return end;
      }
      case 'repetition':
        return this.#addRepetition(expression, from);
      case 'list':
        return this.#addList(expression, from);
      case 'automaton':
        return this.#addAutomaton(expression.automaton, from);
      default:
        return expression satisfies never;
    }
  }

  #link(from: number, to: number): number {
    this.epsilon[from].push(to);
    return to;
  }

  #addCharacters(ranges: Ranges, from: number): number {
    const end = this.addState();
    for (const bytes of utf8Ranges(ranges)) {
      let at = from;
      for (const [i, [first, last]] of bytes.entries()) {
        const to = i === bytes.length - 1 ? end : this.addState();
        this.edges[at].push({ first, last, to });
        at = to;
      }
    }
    return end;
  }

  #addRepetition({ part, least, most }: Repetition, from: number): number {
    let at = from;
    for (let n = 0; n < least; n++) {
      const before = at;
      at = this.add(part, at);
      if (at === before) return at; // nothing, however often
    }
    if (most === Infinity) {
      const loop = this.#link(at, this.addState());
      this.#link(this.add(part, loop), loop);
      return loop;
    }
    const end = this.addState();
    for (let n = least; n < most; n++) {
      this.#link(at, end);
      const before = at;
      at = this.add(part, at);
      if (at === before) break;
    }
    return this.#link(at, end);
  }

  /** Two ways lead through the parts: nothing was written yet, or something, and then a separator comes first. */
  #addList({ parts, separator }: List, from: number): number {
    let empty: number | undefined = from;
    let begun: number | undefined;
    for (const { part, optional } of parts) {
      const entry = this.addState();
      if (empty !== undefined) this.#link(empty, entry);
      if (begun !== undefined) this.#link(this.add(separator, begun), entry);
      const end = this.#link(this.add(part, entry), this.addState());
      if (optional && begun !== undefined) this.#link(begun, end);
      if (!optional) empty = undefined;
      begun = end;
    }
    const end = this.addState();
    if (empty !== undefined) this.#link(empty, end);
    if (begun !== undefined) this.#link(begun, end);
    return end;
  }

  #addAutomaton({ accepting, next }: Automaton, from: number): number {
    const states = Array.from(accepting, () => this.addState());
    this.#link(from, states[0]);
    const end = this.addState();
    for (const [q, state] of states.entries()) {
      if (accepting[q]) this.#link(state, end);
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
}
