import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import {
  anyCharacter,
  characters,
  choice,
  type Expression,
  type Ranges,
  repeated,
  sequence,
} from './expression.ts';

/** One alternative of a regular expression, and whether it is tied to the beginning and the end of a text. */
export interface Alternative {
  readonly body: Expression;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

/**
 * The alternatives of a regular expression of JavaScript with the flag `u`.
 *
 * All that describes a regular language is there: classes and escapes (what they hold is asked of JavaScript's own
 * engine), groups, alternatives, quantifiers; lazy ones describe the same texts. `^` and `$` may stand at the ends of an
 * alternative that isn't in a group.
 *
 * @param option  the option that it came from
 * @throws InvalidOptionError  for what JavaScript doesn't accept
 * @throws UnsupportedError    for look-around, word boundaries, back-references, and `^` or `$` elsewhere
 */
export function parseRegularExpression(source: string, option: string): Alternative[] {
  try {
    void new RegExp(source, 'u');
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/^.*\/u: /, '') : String(error);
    throw new InvalidOptionError(option, `must be a regular expression of JavaScript (${problem})`, source);
  }
  return new Parser(source, option).alternatives();
}

/** The texts that match as a whole. */
export const whole = (alternatives: readonly Alternative[]): Expression =>
  choice(...alternatives.map(({ body }) => body));

/** The texts in which something matches, as `RegExp.test` and JSON schemas have it. */
export function anywhere(alternatives: readonly Alternative[]): Expression {
  const anything = repeated(characters(anyCharacter), 0, Infinity);
  return choice(
    ...alternatives.map(({ body, fromStart, toEnd }) =>
      sequence(...(fromStart ? [] : [anything]), body, ...(toEnd ? [] : [anything])),
    ),
  );
}

/** Groups inside each other. */
const DEEPEST = 200;

/** Reads what JavaScript has accepted, so that only what it means is in question. */
class Parser {
  readonly #source: string;
  readonly #option: string;
  readonly #known = new Map<string, Ranges>();
  #at = 0;
  #depth = 0;
  #every = '';

  constructor(source: string, option: string) {
    this.#source = source;
    this.#option = option;
  }

  alternatives(): Alternative[] {
    const found: Alternative[] = [];
    do {
      const fromStart = this.#take('^');
      const body = this.#sequence();
      const toEnd = this.#take('$');
      if (this.#at < this.#source.length && this.#peek() !== '|')
        this.#refuse(`${this.#peek()} there`, this.#at);
      found.push({ body, fromStart, toEnd });
    } while (this.#take('|'));
    return found;
  }

  #sequence(): Expression {
    const parts: Expression[] = [];
    while (this.#at < this.#source.length && !'|)$'.includes(this.#peek())) parts.push(this.#quantified());
    return sequence(...parts);
  }

  #quantified(): Expression {
    const part = this.#part();
    const [text, least, comma, most] = this.#match(/[*+?]|\{(\d+)(,?)(\d*)\}/y) ?? [];
    if (text === undefined) return part;
    this.#take('?');
    if (text === '*') return repeated(part, 0, Infinity);
    if (text === '+') return repeated(part, 1, Infinity);
    if (text === '?') return repeated(part, 0, 1);
    return repeated(
      part,
      Number(least),
      comma === '' ? Number(least) : most === '' ? Infinity : Number(most),
    );
  }

  #part(): Expression {
    const start = this.#at;
    if (this.#take('^')) return this.#refuse('^ there', start);
    if (this.#peek() === '(') return this.#group(start);
    const escape = this.#match(/\\(?:[bBk]|[1-9])/y);
    if (escape) {
      const isBoundary = /[bB]/.test(escape[0]);
      return this.#refuse(`the ${isBoundary ? 'word boundary' : 'back-reference'} ${escape[0]}`, start);
    }
    const atom =
      /\[(?:\\[^]|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\x..|\\c.|\\?[^]/uy;
    const text = this.#match(atom)![0];
    const literal = /^(?:\\([^a-zA-Z0-9])|([^.\\]))$/u.exec(text);
    if (!literal) return characters(this.#pointsOf(text));
    const point = (literal[1] ?? literal[2]).codePointAt(0)!;
    return characters([[point, point]]);
  }

  #group(start: number): Expression {
    const [opening] = this.#match(/\((?:\?(?:[=!:]|<[=!]|<[^>]*>|[^]))?/y)!;
    if (/^\(\?<?[=!]/.test(opening)) return this.#refuse(`the look-around ${opening}…)`, start);
    if (/^\(\?[^:<]/.test(opening)) return this.#refuse(`the group ${opening}…)`, start);
    if (++this.#depth > DEEPEST) return this.#refuse(`a group inside ${DEEPEST} others`, start);
    const options: Expression[] = [];
    do options.push(this.#sequence());
    while (this.#take('|'));
    this.#depth -= 1;
    if (!this.#take(')')) return this.#refuse(`${this.#peek()} in a group`, this.#at);
    return options.length === 1 ? options[0] : choice(...options);
  }

  /** The code points that a class or an escape holds: those of a text with all code points that JavaScript finds. */
  #pointsOf(atom: string): Ranges {
    let ranges = this.#known.get(atom);
    if (!ranges) {
      if (!ASCII_ONLY.test(atom)) this.#every ||= everyCodePoint();
      const points = ASCII_ONLY.test(atom) ? ASCII : this.#every;
      ranges = Array.from(points.matchAll(new RegExp(`(?:${atom})+`, 'gu')), ({ index, 0: run }) => [
        pointAt(index),
        pointAt(index + run.length) - 1,
      ]);
      this.#known.set(atom, ranges);
    }
    return ranges;
  }

  #peek(): string {
    return this.#source[this.#at];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #refuse(what: string, at: number): never {
    const supported =
      'classes, groups, | and quantifiers are supported, ^ and $ at the ends of an alternative';
    throw new UnsupportedError(
      `${this.#option}: ${what} isn't supported at character ${at + 1} of ${JSON.stringify(this.#source)}; ${supported}`,
    );
  }
}

const ASCII = String.fromCharCode(...Array(128).keys());
/** Classes and escapes that hold nothing else, for which a small text will do. */
const ASCII_ONLY = /^(?:\\[dw]|\[(?!\^)(?:[ -[^-~]|\\[dw]|\\[^a-zA-Z0-9])*\])$/;

/** All code points but surrogates, ascending, as one text of UTF-16. */
function everyCodePoint(): string {
  const units = new Uint16Array(ASTRAL + 2 * 0x100000);
  for (let i = 0; i < ASTRAL; i++) units[i] = pointAt(i);
  for (let k = 0; k < 0x100000; k++) {
    units[ASTRAL + 2 * k] = 0xd800 + (k >> 10);
    units[ASTRAL + 2 * k + 1] = 0xdc00 + (k & 0x3ff);
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units);
}

/** How many code points of one unit there are. */
const ASTRAL = 0x10000 - 0x800;

/** The code point at an index of that text. */
function pointAt(index: number): number {
  if (index >= ASTRAL) return 0x10000 + (index - ASTRAL) / 2;
  return index < 0xd800 ? index : index + 0x800;
}
