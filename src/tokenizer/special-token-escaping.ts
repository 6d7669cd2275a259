import { InvalidOptionError } from '../base/errors.ts';
import { escapeForRegex } from './added-tokens.ts';

/** Some values with the names of special tokens taken out of every text in them, and the way back. */
export interface EscapedText<T> {
  readonly value: T;
  /** Puts the names back. */
  restore(text: string): string;
}

/** The planes of Unicode that nothing is assigned in and texts hardly have. */
const [FIRST, LAST] = [0x100000, 0x10fffd];

/**
 * The function that takes the names of special tokens out of values (messages, tools): in their texts each is one private
 * character, so that a template can be rendered and no special token in the result comes from them. So are a name's
 * beginning at the end of a text and its end at the beginning of one, which could become whole beside another text. (A
 * template that writes the rest of a name around a message itself would still make one: '<|' + content + '|>'.)
 *
 * What a template looks for in a text is there as before, unless it is a special token.
 */
export function specialTokenEscaper(names: Iterable<string>): <T>(value: T) => EscapedText<T> {
  const sorted = [...names].filter((name) => name !== '').sort((a, b) => b.length - a.length);
  const beginnings = new Set(sorted.flatMap((name) => parts(name, (n) => name.slice(0, n))));
  const endings = new Set(sorted.flatMap((name) => parts(name, (n) => name.slice(-n))));
  const most = sorted[0]?.length ?? 0;
  const anyName = sorted.length > 0 ? new RegExp(sorted.map(escapeForRegex).join('|'), 'gu') : /(?!)/u;

  return <T>(value: T) => {
    const { hide, restore } = hidingPlaces(JSON.stringify(value) ?? '');
    const shielded = (text: string): string => {
      const whole = text.replace(anyName, hide);
      const end = whole.trimEnd().length;
      const tail = longest(beginnings, most, (n) => whole.slice(Math.max(0, end - n), end));
      const cut = tail === '' ? whole : whole.slice(0, end - tail.length) + hide(tail) + whole.slice(end);
      const start = cut.length - cut.trimStart().length;
      const head = longest(endings, most, (n) => cut.slice(start, start + n));
      return head === '' ? cut : cut.slice(0, start) + hide(head) + cut.slice(start + head.length);
    };
    return { value: mapTexts(value, shielded) as T, restore };
  };
}

/** A private character for each literal that is to be hidden, none of those in `text`, and the way back. */
function hidingPlaces(text: string): { hide(literal: string): string; restore(text: string): string } {
  const taken = new Set(text.match(/[\u{100000}-\u{10fffd}]/gu) ?? []);
  const byLiteral = new Map<string, string>();
  const byCharacter = new Map<string, string>();
  let next: number = FIRST;
  return {
    hide(literal) {
      const known = byLiteral.get(literal);
      if (known !== undefined) return known;
      while (taken.has(String.fromCodePoint(next))) next++;
      if (next > LAST) {
        const problem =
          'must leave a private character of Unicode (U+100000 to U+10FFFD) to stand for each name of a special token';
        throw new InvalidOptionError('messages', problem, undefined);
      }
      const character = String.fromCodePoint(next++);
      byLiteral.set(literal, character);
      byCharacter.set(character, literal);
      return character;
    },
    restore: (shielded) =>
      shielded.replace(/[\u{100000}-\u{10fffd}]/gu, (character) => byCharacter.get(character) ?? character),
  };
}

/** The proper parts of a name that `part` gives by their length. */
const parts = (name: string, part: (n: number) => string): string[] =>
  Array.from({ length: name.length - 1 }, (_, i) => part(i + 1));

/** The longest text of a set that `part` gives by its length, up to `most`; empty if there is none. */
function longest(set: ReadonlySet<string>, most: number, part: (n: number) => string): string {
  let found = '';
  for (let n = 1; n <= most; n++) {
    const text = part(n);
    if (text.length === n && set.has(text)) found = text;
  }
  return found;
}

/** A value of JSON with every text in it changed, the keys of objects too. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [change(key), mapTexts(each, change)]),
  );
}
