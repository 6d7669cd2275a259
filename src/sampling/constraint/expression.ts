import type { Automaton } from './automaton.ts';

/** Sets of code points: from the first to the last of each pair. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** A regular language of texts, as it is composed. */
export type Expression =
  | { readonly kind: 'characters'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  | Repetition
  | List
  /** The texts that all parts have. */
  | { readonly kind: 'intersection'; readonly parts: readonly Expression[] }
  /** The texts that the first has, and not the other. */
  | { readonly kind: 'difference'; readonly from: Expression; readonly without: Expression }
  | { readonly kind: 'automaton'; readonly automaton: Automaton };

/** A part from `least` to `most` times; `most` may be Infinity. */
export interface Repetition {
  readonly kind: 'repetition';
  readonly part: Expression;
  readonly least: number;
  readonly most: number;
  /** Stands between two of them. */
  readonly separator?: Expression;
}

/**
 * Parts in their order, some of which may be absent, with a separator between those that are there; from `least` to `most`
 * of them. A kind of its own, so that n optional parts need n copies and not n²: what is written first only decides whether
 * a separator comes before.
 */
export interface List {
  readonly kind: 'list';
  readonly parts: readonly { readonly part: Expression; readonly optional: boolean }[];
  readonly separator: Expression;
  readonly least: number;
  readonly most: number;
}

/** Every code point. */
export const anyCharacter: Ranges = [[0, 0x10ffff]];

/** One character of some ranges of code points. */
export const characters = (ranges: Ranges): Expression => ({ kind: 'characters', ranges });

/** One part after the other. */
export const sequence = (...parts: readonly Expression[]): Expression => ({ kind: 'sequence', parts });

/** One of several. */
export const choice = (...options: readonly Expression[]): Expression =>
  options.length === 1 ? options[0] : { kind: 'choice', options };

/** No text at all, not even the empty one. */
export const nothing: Expression = choice();

/** A text and nothing else. */
export const literally = (text: string): Expression => ({
  kind: 'sequence',
  parts: Array.from(text, (character) => {
    const point = character.codePointAt(0)!;
    return characters([[point, point]]);
  }),
});

/** A part again and again. */
export const repeated = (
  part: Expression,
  least: number,
  most: number,
  separator?: Expression,
): Expression => ({ kind: 'repetition', part, least, most, ...(separator && { separator }) });

/** A part, or nothing. */
export const optional = (part: Expression): Expression => repeated(part, 0, 1);

/** The texts that all languages have. */
export const allOf = (parts: readonly Expression[]): Expression =>
  parts.length === 1 ? parts[0] : { kind: 'intersection', parts };

/** The texts of an automaton, as a part of an expression. */
export const inAutomaton = (automaton: Automaton): Expression => ({ kind: 'automaton', automaton });
