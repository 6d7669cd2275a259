import {
  choice,
  characters,
  type Expression,
  literally,
  type Ranges,
  repeated,
  sequence,
} from './expression.ts';

/** `,` and `:` as they are written compactly, or with one space behind. */
export const comma: Expression = sequence(literally(','), repeated(literally(' '), 0, 1));
export const colon: Expression = sequence(literally(':'), repeated(literally(' '), 0, 1));

/** Parts in brackets. */
export const bracketed = (open: string, inside: Expression, close: string): Expression =>
  sequence(literally(open), inside, literally(close));

/**
 * The text of a value as `JSON.stringify` writes it, but for the spaces behind `,` and `:`, which are free.
 */
export function textOf(value: unknown): Expression {
  if (Array.isArray(value)) {
    return bracketed('[', listOf(value.map(textOf)), ']');
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) =>
      sequence(textOf(key), colon, textOf(member)),
    );
    return bracketed('{', listOf(members), '}');
  }
  return literally(JSON.stringify(value));
}

const listOf = (parts: readonly Expression[]): Expression => ({
  kind: 'list',
  separator: comma,
  parts: parts.map((part) => ({ part, optional: false })),
});

/** Characters that a string of JSON can't hold as they are. */
const ESCAPED = Array.from({ length: 0x20 }, (_, point) => point).concat([0x22, 0x5c]);

/**
 * The spelling inside a JSON string of the texts of an expression: characters as they are, or escaped where they must be,
 * in the way of `JSON.stringify`. So every text has one spelling.
 */
export function spelled(expression: Expression): Expression {
  switch (expression.kind) {
    case 'characters': {
      const escapes = ESCAPED.filter((point) => holds(expression.ranges, point)).map((point) =>
        literally(JSON.stringify(String.fromCodePoint(point)).slice(1, -1)),
      );
      const plain = expression.ranges.flatMap(([first, last]) => withoutEscaped(first, last));
      return choice(characters(plain), ...escapes);
    }
    case 'sequence':
      return sequence(...expression.parts.map(spelled));
    case 'choice':
      return choice(...expression.options.map(spelled));
    case 'repetition':
      return { ...expression, part: spelled(expression.part) };
    case 'list':
      return {
        ...expression,
        separator: spelled(expression.separator),
        parts: expression.parts.map(({ part, optional }) => ({ part: spelled(part), optional })),
      };
    case 'automaton':
      return expression; // is of bytes already
    default:
      return expression satisfies never;
  }
}

const holds = (ranges: Ranges, point: number): boolean =>
  ranges.some(([first, last]) => first <= point && point <= last);

/** A range without the characters that are escaped. */
function withoutEscaped(first: number, last: number): [number, number][] {
  const parts: [number, number][] = [
    [Math.max(first, 0x20), Math.min(last, 0x21)],
    [Math.max(first, 0x23), Math.min(last, 0x5b)],
    [Math.max(first, 0x5d), last],
  ];
  return parts.filter(([low, high]) => low <= high);
}
