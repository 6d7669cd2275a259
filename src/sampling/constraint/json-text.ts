import {
  choice,
  characters,
  type Expression,
  literally,
  optional,
  type Ranges,
  repeated,
  sequence,
} from './expression.ts';

/** `,` and `:` between what belongs together. */
export interface Punctuation {
  readonly comma: Expression;
  readonly colon: Expression;
}

/** As they are written compactly, or with one space behind. */
export const spaced: Punctuation = {
  comma: sequence(literally(','), optional(literally(' '))),
  colon: sequence(literally(':'), optional(literally(' '))),
};

/** As they are written compactly, so that a value has one text. */
export const compact: Punctuation = { comma: literally(','), colon: literally(':') };

/** Parts in brackets. */
export const bracketed = (open: string, inside: Expression, close: string): Expression =>
  sequence(literally(open), inside, literally(close));

/**
 * The text of a value as `JSON.stringify` writes it, but for the spaces behind `,` and `:`, which are free.
 */
export function textOf(value: unknown, punctuation: Punctuation): Expression {
  const { comma, colon } = punctuation;
  if (Array.isArray(value)) {
    return bracketed(
      '[',
      separated(
        value.map((item) => textOf(item, punctuation)),
        comma,
      ),
      ']',
    );
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) =>
      sequence(literally(JSON.stringify(key)), colon, textOf(member, punctuation)),
    );
    return bracketed('{', separated(members, comma), '}');
  }
  return literally(JSON.stringify(value));
}

const separated = (parts: readonly Expression[], separator: Expression): Expression => ({
  kind: 'sequence',
  parts: parts.flatMap((part, k) => (k === 0 ? [part] : [separator, part])),
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
      return { kind: 'sequence', parts: expression.parts.map(spelled) };
    case 'choice':
      return choice(...expression.options.map(spelled));
    case 'repetition': {
      const { part, least, most, separator } = expression;
      return repeated(spelled(part), least, most, separator && spelled(separator));
    }
    case 'list':
      return {
        ...expression,
        separator: spelled(expression.separator),
        parts: expression.parts.map((one) => ({ ...one, part: spelled(one.part) })),
      };
    case 'intersection':
      return { kind: 'intersection', parts: expression.parts.map(spelled) };
    case 'difference': {
      const { from, without } = expression;
      return { kind: 'difference', from: spelled(from), without: spelled(without) };
    }
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
