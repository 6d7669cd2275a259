import { UnsupportedError } from '../../base/errors.ts';
import type { Automaton } from './automaton.ts';
import type { Edge } from './determinise.ts';
import type { Expression, List, Repetition } from './expression.ts';
import { utf8Ranges } from './utf8-ranges.ts';

const MAX_STATES = 500_000;
/** What is put in more often is made small first. */
const MAX_COPIES = 3;

/** A nondeterministic automaton with ε-edges, which grows with an expression: Thompson's construction. */
export class NondeterministicAutomaton {
  /** The states that each leads to without a byte. */
  readonly epsilon: number[][] = [];
  readonly edges: Edge[][] = [];
  readonly #build: (expression: Expression) => Automaton;
  readonly #small = new Map<Expression, Automaton>();
  readonly #edges = new Map<Automaton, Edge[][]>();

  /** @param build  the smallest automaton of an expression: of what is put in many times, or no sum of its parts */
  constructor(build: (expression: Expression) => Automaton) {
    this.#build = build;
  }

  addState(): number {
    if (this.epsilon.length >= MAX_STATES) {
      throw new UnsupportedError(
        `the constraint has more than ${MAX_STATES} parts: shorten what is repeated a bounded number of times`,
      );
    }
    this.edges.push([]);
    return this.epsilon.push([]) - 1;
  }

  link(from: number, to: number): number {
    this.epsilon[from].push(to);
    return to;
  }

  /** Adds the texts of an expression from a state on, and gives the state that they lead to. Nothing leads back to `from`. */
  add(expression: Expression, from: number): number {
    switch (expression.kind) {
      case 'characters': {
        const end = this.addState();
        for (const bytes of utf8Ranges(expression.ranges)) {
          let at = from;
          for (const [i, [first, last]] of bytes.entries()) {
            const to = i === bytes.length - 1 ? end : this.addState();
            this.edges[at].push({ first, last, to });
            at = to;
          }
        }
        return end;
      }
      case 'sequence': {
        let at = from;
        for (const part of expression.parts) at = this.add(part, at);
        return at;
      }
      case 'choice': {
        const end = this.addState();
        for (const option of expression.options) this.link(this.add(option, from), end);
        return end;
      }
      case 'repetition':
        return this.#repetition(expression, from);
      case 'list':
        return this.#list(expression, from);
      case 'intersection':
      case 'difference':
        return this.#automaton(this.#smallOf(expression), from);
      case 'automaton':
        return this.#automaton(expression.automaton, from);
      default:
        return expression satisfies never;
    }
  }

  #repetition({ part, least, most, separator }: Repetition, from: number): number {
    const end = this.addState();
    if (least === 0) this.link(from, end);
    const copies = most === Infinity ? Math.max(least, 1) : most;
    const small = copies > MAX_COPIES ? this.#smallOf(part) : undefined;
    // nothing, however often
    if (small && !separator && small.next.every((to) => to < 0))
      return small.accepting[0] ? this.link(from, end) : end;
    let [at, entry] = [from, from];
    for (let n = 1; n <= copies; n++) {
      entry = this.addState();
      this.link(n > 1 && separator ? this.add(separator, at) : at, entry);
      at = small ? this.#automaton(small, entry) : this.add(part, entry);
      if (n >= least) this.link(at, end);
    }
    if (most === Infinity) this.link(separator ? this.add(separator, at) : at, entry);
    return end;
  }

  /**
   * Two ways through the parts: nothing was written yet, or something, and then a separator comes first. Where the parts
   * are counted there are as many ways as counts.
   */
  #list({ parts, separator, least, most }: List, from: number): number {
    const isCapped = most < parts.length;
    // from here on all counts are alike
    const cap = isCapped ? most : Math.max(1, least);
    let ways = new Map<number, number>([[0, from]]);
    for (const { part, optional } of parts) {
      const entries = new Map<number, number>();
      for (const [count, at] of ways) {
        const now = Math.min(count + 1, cap);
        if (isCapped && count === cap) continue;
        let entry = entries.get(now);
        if (entry === undefined) entries.set(now, (entry = this.addState()));
        this.link(count > 0 ? this.add(separator, at) : at, entry);
      }
      const after = new Map<number, number>();
      for (const [count, entry] of entries) {
        const written =
          entries.size > 1 ? this.#automaton(this.#smallOf(part), entry) : this.add(part, entry);
        after.set(count, this.link(written, this.addState()));
      }
      if (optional) {
        for (const [count, at] of ways) {
          const end = after.get(count);
          if (end === undefined) after.set(count, at);
          else this.link(at, end);
        }
      }
      ways = after;
    }
    const end = this.addState();
    for (const [count, at] of ways) if (count >= Math.min(least, cap) && least <= cap) this.link(at, end);
    return end;
  }

  #automaton(automaton: Automaton, from: number): number {
    const { accepting } = automaton;
    const first = this.epsilon.length;
    for (let q = 0; q < accepting.length; q++) this.addState();
    this.link(from, first);
    const end = this.addState();
    for (const [q, edges] of this.#edgesOf(automaton).entries()) {
      if (accepting[q]) this.link(first + q, end);
      for (const edge of edges) this.edges[first + q].push({ ...edge, to: first + edge.to });
    }
    return end;
  }

  #smallOf(expression: Expression): Automaton {
    const known = this.#small.get(expression) ?? this.#build(expression);
    this.#small.set(expression, known);
    return known;
  }

  /** The edges of each state, as ranges of bytes. */
  #edgesOf(automaton: Automaton): Edge[][] {
    const known = this.#edges.get(automaton);
    if (known) return known;
    const { accepting, classOf, classes, next } = automaton;
    const edges = Array.from(accepting, (_, q): Edge[] => {
      const found: Edge[] = [];
      for (let first = 0; first < 256; first++) {
        const to = next[q * classes + classOf[first]];
        let last = first;
        while (last < 255 && next[q * classes + classOf[last + 1]] === to) last++;
        if (to >= 0) found.push({ first, last, to });
        first = last;
      }
      return found;
    });
    this.#edges.set(automaton, edges);
    return edges;
  }
}
