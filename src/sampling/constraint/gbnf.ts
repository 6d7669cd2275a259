import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import { anyCharacter } from './expression.ts';
import type { Language } from './language.ts';

/** Parts that a grammar may have with its rules written into each other. */
const maxParts = 20_000;
/** Groups, repetitions and rules inside each other. */
const maxDepth = 200;

/**
 * A grammar in llama.cpp's notation (GBNF) as a language: literals, classes of characters, `.`, groups, `|`, `*`, `+`, `?`,
 * `{m,n}`, rules and comments. Rules are written into each other, so that none may refer to itself: what is left is regular.
 *
 * @throws InvalidOptionError  for what isn't a grammar
 * @throws UnsupportedError    for a rule that refers to itself, and one that would be too large
 */
export function gbnfLanguage(source: string): Language {
  const rules = rulesIn(source);
  let parts = 0;
  const of = (name: string, trail: readonly string[], depth: number): Language => {
    const text = rules.get(name);
    if (text === undefined) throw wrong(`has no rule ${name}`, source);
    if (trail.includes(name))
      throw new UnsupportedError(
        `grammar: the rule ${name} refers to itself, and a language without bounds has no automaton; repeat with * or {m,n}, or use json_schema`,
      );
    const parser = new GbnfParser(text, depth, (referred, within) => of(referred, [...trail, name], within));
    const language = parser.whole();
    parts += parser.parts;
    if (parts > maxParts)
      throw new UnsupportedError('grammar: is too large with its rules written into each other');
    return language;
  };
  return of('root', [], 0);
}

const wrong = (problem: string, source: string): InvalidOptionError =>
  new InvalidOptionError('grammar', problem, source);

/** The right sides of all rules, without comments. */
function rulesIn(source: string): Map<string, string> {
  // what isn't closed is taken whole, too: it isn't looked for again from each character on
  const bare = source.replace(
    /("(?:[^"\\]|\\.)*"?|\[(?:[^\]\\]|\\.)*\]?)|#[^\n]*/g,
    (_, kept?: string) => kept ?? '',
  );
  const heads = [...bare.matchAll(/(?<=^|\n)[ \t]*([A-Za-z][A-Za-z0-9-]*)[ \t]*::=/g)];
  if (heads.length === 0 || bare.slice(0, heads[0].index).trim() !== '')
    throw wrong('must be rules, NAME ::= what it stands for, one of them named root', source);
  return new Map(
    heads.map((head, i) => [head[1], bare.slice(head.index + head[0].length, heads[i + 1]?.index).trim()]),
  );
}

class GbnfParser {
  readonly #text: string;
  readonly #rule: (name: string, depth: number) => Language;
  #at = 0;
  #depth: number;
  parts = 0;

  /** @param depth  of what the text is written into */
  constructor(text: string, depth: number, rule: (name: string, depth: number) => Language) {
    this.#text = text;
    this.#depth = depth;
    this.#rule = rule;
  }

  whole(): Language {
    const language = this.#alternatives();
    if (this.#at < this.#text.length)
      throw wrong(`must go on otherwise than with ${this.#rest()}`, this.#text);
    return language;
  }

  #rest(): string {
    return this.#text.slice(this.#at, this.#at + 20);
  }

  /** Takes what matches here, blanks before it apart. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    this.#at += /^\s*/.exec(this.#text.slice(this.#at))![0].length;
    const found = pattern.exec(this.#text.slice(this.#at)) ?? undefined;
    if (found) this.#at += found[0].length;
    return found;
  }

  #alternatives(): Language {
    const options = [this.#sequence()];
    while (this.#take(/^\|/)) options.push(this.#sequence());
    return options.length === 1 ? options[0] : { kind: 'choice', options };
  }

  #sequence(): Language {
    const parts: Language[] = [];
    for (let item = this.#item(); item; item = this.#item()) parts.push(this.#repeated(item));
    return { kind: 'sequence', parts };
  }

  #item(): Language | undefined {
    this.parts += 1;
    const literal = this.#take(/^"((?:[^"\\]|\\.)*)"/);
    if (literal) return { kind: 'text', text: unescaped(literal[1], this.#text) };
    const set = this.#take(/^\[(\^?)((?:[^\]\\]|\\.)*)\]/);
    if (set) {
      const ranges = rangesIn(set[2], this.#text);
      return { kind: 'characters', ranges: set[1] === '^' ? complement(ranges) : ranges };
    }
    if (this.#take(/^\./)) return { kind: 'characters', ranges: anyCharacter };
    const name = this.#take(/^[A-Za-z][A-Za-z0-9-]*/);
    if (name) return this.#inside(() => this.#rule(name[0], this.#depth));
    if (!this.#take(/^\(/)) return undefined;
    const group = this.#inside(() => this.#alternatives());
    if (!this.#take(/^\)/)) throw wrong('must close what it opens with (', this.#text);
    return group;
  }

  #inside(read: () => Language): Language {
    if (++this.#depth > maxDepth)
      throw new UnsupportedError(
        `grammar: nests more than ${maxDepth} groups, repetitions and rules into each other`,
      );
    const language = read();
    this.#depth -= 1;
    return language;
  }

  #repeated(part: Language): Language {
    const found = this.#take(/^(?:([*+?])|\{\s*(\d{1,4})\s*(?:(,)\s*(\d{1,4})?\s*)?\})/);
    if (!found) return part;
    const [, sign, least, comma, most] = found;
    const bounds = { '*': [0, undefined], '+': [1, undefined], '?': [0, 1] } as const;
    const [from, to] = sign
      ? bounds[sign as keyof typeof bounds]
      : [Number(least), comma ? (most === undefined ? undefined : Number(most)) : Number(least)];
    const repeated = {
      kind: 'repetition',
      part,
      least: from,
      ...(to !== undefined && { most: to }),
    } as const;
    return this.#inside(() => this.#repeated(repeated));
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** A text with its escapes read: \n, \xHH, \uHHHH, \UHHHHHHHH, and any other character as it is. */
function unescaped(text: string, source: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g,
    (_, x?: string, u?: string, long?: string, other?: string) => {
      const code = x ?? u ?? long;
      if (code === undefined) return escapes[other!] ?? other!;
      const point = Number.parseInt(code, 16);
      if (point > 0x10ffff) throw wrong(`must have characters of Unicode, not ${code}`, source);
      return String.fromCodePoint(point);
    },
  );
}

/** What stands within the brackets of a class. */
function rangesIn(inside: string, source: string): Range[] {
  const pieces = inside.match(/\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])|[^]/gu) ?? [];
  const point = (piece: string): number => unescaped(piece, source).codePointAt(0)!;
  const ranges: Range[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const isRange = pieces[i + 1] === '-' && i + 2 < pieces.length;
    const range: Range = [point(pieces[i]), point(pieces[isRange ? i + 2 : i])];
    if (range[0] > range[1]) throw wrong(`must have classes that go upwards, not ${inside}`, source);
    ranges.push(range);
    if (isRange) i += 2;
  }
  return ranges;
}

type Range = readonly [first: number, last: number];

/** All other characters. */
function complement(ranges: readonly Range[]): Range[] {
  const others: Range[] = [];
  let next = 0;
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > next) others.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  return next > 0x10ffff ? others : [...others, [next, 0x10ffff]];
}
