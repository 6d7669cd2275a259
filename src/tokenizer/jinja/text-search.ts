import { PYTHON_BLANK } from './lexer.ts';
import { codePointCount } from './sequences.ts';
import { valueError } from './problems.ts';
import type { Work } from './work.ts';

/** Cutting, searching and replacing in texts as Python's `str` does it; positions count code points. */

const BLANKS_BEFORE = new RegExp(`^${PYTHON_BLANK}+`);
const NOT_BLANK = new RegExp(`[^${PYTHON_BLANK.slice(1, -1)}]`);
const BLANKS = new RegExp(`${PYTHON_BLANK}+`);
/** One character that is blank to Python. */
export const BLANK = new RegExp(PYTHON_BLANK);

/** A text without some characters at its ends; without blanks where none are named. */
export function strip(text: string, characters: string | undefined, ends: 'left' | 'right' | 'both'): string {
  const gone = characters === undefined ? undefined : new Set(characters);
  const isGone = (character: string) => (gone ? gone.has(character) : BLANK.test(character));
  let [from, to] = [0, text.length];
  if (ends !== 'right') {
    while (from < to) {
      const character = String.fromCodePoint(text.codePointAt(from)!);
      if (!isGone(character)) break;
      from += character.length;
    }
  }
  if (ends !== 'left') {
    while (to > from) {
      const low = text.charCodeAt(to - 1);
      const size = low >= 0xdc00 && low < 0xe000 && to - from > 1 ? 2 : 1;
      const character = text.slice(to - size, to);
      const one = [...character].length === 1 ? character : text[to - 1];
      if (!isGone(one)) break;
      to -= one.length;
    }
  }
  return text.slice(from, to);
}

/** The pieces of a text between blanks, or between separators; at most `limit` cuts. */
export function split(text: string, separator: string | undefined, limit: number, work: Work): string[] {
  if (separator === '') throw valueError('empty separator');
  if (limit < 0) {
    const pieces = separator === undefined ? words(text) : text.split(separator, work.maxItems + 1);
    work.items(pieces.length);
    return pieces;
  }
  const pieces: string[] = [];
  let rest = separator === undefined ? text.replace(BLANKS_BEFORE, '') : text;
  while (pieces.length < limit) {
    const found = separator === undefined ? BLANKS.exec(rest) : undefined;
    const at = separator === undefined ? (found?.index ?? -1) : rest.indexOf(separator);
    if (at < 0) break;
    work.items(pieces.length);
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at + (separator ?? found![0]).length);
  }
  return separator === undefined && rest === '' ? pieces : [...pieces, rest];
}

/** As `split`, the cuts counted from the end. */
export function splitFromEnd(
  text: string,
  separator: string | undefined,
  limit: number,
  work: Work,
): string[] {
  if (limit < 0) return split(text, separator, limit, work);
  if (separator === '') throw valueError('empty separator');
  const pieces: string[] = [];
  let rest = separator === undefined ? strip(text, undefined, 'right') : text;
  while (pieces.length < limit) {
    work.items(pieces.length);
    if (separator === undefined) {
      let end = rest.length;
      while (end > 0 && NOT_BLANK.test(rest[end - 1])) end--;
      if (end === 0) break;
      pieces.unshift(rest.slice(end));
      rest = strip(rest.slice(0, end), undefined, 'right');
    } else {
      const at = rest.lastIndexOf(separator);
      if (at < 0) break;
      pieces.unshift(rest.slice(at + separator.length));
      rest = rest.slice(0, at);
    }
  }
  return separator === undefined && rest === '' ? pieces : [rest, ...pieces];
}

/** The words of a text. */
export const words = (text: string): string[] => text.split(BLANKS).filter((word) => word !== '');

const LINE_END = '(?:\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029])';
const LINE = new RegExp(`(?:(?!${LINE_END})[^])*(?:${LINE_END}|$)`, 'g');
const END_OF_LINE = new RegExp(`${LINE_END}$`);

/** The lines of a text, by all line ends of Unicode. */
export function lines(text: string, keepEnds = false): string[] {
  const whole = (text.match(LINE) ?? []).filter((line) => line !== '');
  return keepEnds ? whole : whole.map((line) => line.replace(END_OF_LINE, ''));
}

/** A text with up to `count` of the places where `old` stands replaced; all where it is negative. */
export function replace(text: string, old: string, fresh: string, count: number, work: Work): string {
  const places = old === '' ? codePointCount(text) + 1 : occurrences(text, old, work);
  const times = count < 0 ? places : Math.min(places, count);
  work.characters(text.length + times * (fresh.length - old.length));
  if (times === 0) return text;
  if (old === '') {
    work.rewrite(text.length);
    const characters = [...text];
    const begun = characters.map((character, i) => (i < times ? fresh : '') + character).join('');
    return times > characters.length ? begun + fresh : begun;
  }
  if (count < 0) return text.replaceAll(old, () => fresh);
  let [result, from] = ['', 0];
  for (let i = 0; i < times; i++) {
    const at = text.indexOf(old, from);
    result += text.slice(from, at) + fresh;
    from = at + old.length;
  }
  return result + text.slice(from);
}

/** How often a text stands in another, without overlapping. */
export function occurrences(text: string, part: string, work: Work): number {
  work.lookThrough(text.length);
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** A text of a certain width, with its own text at one end or in the middle. */
export function padText(
  text: string,
  width: number,
  fill: string,
  side: 'left' | 'right' | 'both',
  work: Work,
): string {
  const missing = width - codePointCount(text);
  if (missing <= 0) return text;
  work.characters(text.length + missing);
  // where it can't be in the middle, Python lets it be nearer to the left or to the right by whether the width is odd
  const left =
    side === 'both' ? Math.floor(missing / 2) + (missing & width & 1) : side === 'left' ? missing : 0;
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** The two bounds of a slice of something of a certain length, as indices that are there. */
export function bounds(
  length: number,
  start: number | undefined,
  end: number | undefined,
): readonly [number, number] {
  const within = (index: number) => Math.min(Math.max(index < 0 ? index + length : index, 0), length);
  return [within(start ?? 0), within(end ?? length)];
}
