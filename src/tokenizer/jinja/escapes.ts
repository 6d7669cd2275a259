import { syntaxError } from './problems.ts';

const SIMPLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g;

/**
 * The text of a string literal, as Python's `unicode-escape` reads it: what is no escape keeps its backslash.
 *
 * @throws TemplateProblem  for an escape that is cut short, or that names no character by its number
 */
export function decodeEscapes(literal: string, line: number): string {
  if (!literal.includes('\\')) return literal;
  return literal.replace(
    ESCAPE,
    (whole: string, x?: string, u?: string, long?: string, octal?: string, simple?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return character(Number.parseInt(hex, 16), line);
      if (octal !== undefined) return character(Number.parseInt(octal, 8), line);
      if (simple !== undefined && 'xuUN'.includes(simple))
        throw syntaxError(`\\${simple} isn't followed by the digits of a character`, line);
      return simple !== undefined && Object.hasOwn(SIMPLE, simple) ? SIMPLE[simple] : whole;
    },
  );
}

function character(codePoint: number, line: number): string {
  if (codePoint > 0x10ffff) throw syntaxError('an escape beyond U+10FFFF', line);
  return String.fromCodePoint(codePoint);
}
