import type { Automaton } from './automaton.ts';
import { difference, intersection } from './automaton-product.ts';
import { determinise } from './determinise.ts';
import type { Expression } from './expression.ts';
import { minimal } from './minimal.ts';
import { NondeterministicAutomaton } from './nondeterministic-automaton.ts';

/** The smallest automaton of a language. @throws UnsupportedError  for one that would be too large */
export function buildAutomaton(expression: Expression): Automaton {
  switch (expression.kind) {
    case 'automaton':
      return expression.automaton;
    case 'intersection':
      // from the smallest on: what two long counts have in common may be more than an automaton holds
      return intersected(expression)
        .map(buildAutomaton)
        .sort((a, b) => a.accepting.length - b.accepting.length)
        .reduce(intersection);
    case 'difference':
      return difference(buildAutomaton(expression.from), buildAutomaton(expression.without));
    default:
      return compiled(expression);
  }
}

/** The parts of an intersection, those of its intersections among them. */
const intersected = (expression: Expression): Expression[] =>
  expression.kind === 'intersection' ? expression.parts.flatMap(intersected) : [expression];

function compiled(expression: Expression): Automaton {
  const parts = new NondeterministicAutomaton(buildAutomaton);
  const start = parts.addState();
  const end = parts.add(expression, start);
  return minimal(determinise(parts, start, end));
}

/** How many parts an automaton of a language is put together of, before it is made small. */
export function countParts(expression: Expression): number {
  const parts = new NondeterministicAutomaton(buildAutomaton);
  parts.add(expression, parts.addState());
  return parts.epsilon.length;
}
