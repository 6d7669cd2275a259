import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import { codePointsOf } from './code-points.ts';
import {
  allOf,
  anyCharacter,
  characters,
  choice,
  type Expression,
  nothing,
  type Ranges,
  repeated,
  sequence,
} from './expression.ts';

/** A regular expression as it was read. */
export type Pattern =
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'alternatives'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly least: number; readonly most: number }
  | { readonly kind: 'start' | 'end'; readonly at: number }
  | { readonly kind: 'ahead'; readonly pattern: Pattern; readonly isNegated: boolean; readonly at: number };

/** What was read, and what it was read from, for messages. */
export interface RegularExpression {
  readonly pattern: Pattern;
  readonly refuse: (what: string, at: number) => never;
}

/**
 * Reads a regular expression of JavaScript with the flag `u`.
 *
 * All that describes a regular language is there: classes and escapes (what they hold is asked of JavaScript's own
 * engine), groups, alternatives, quantifiers, `^` and `$`, and what may or may not follow (`(?=…)`, `(?!…)`) outside of
 * `*` and `+`. Lazy quantifiers describe the same texts.
 *
 * @param option  the option that it came from
 * @throws InvalidOptionError  for what JavaScript doesn't accept
 * @throws UnsupportedError    for look-behind, word boundaries and back-references
 */
export function parseRegularExpression(source: string, option: string): RegularExpression {
  try {
    void new RegExp(source, 'u');
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/^.*\/u: /s, '') : String(error);
    throw new InvalidOptionError(option, `must be a regular expression of JavaScript (${problem})`, source);
  }
  const parser = new Parser(source, option);
  return { pattern: parser.alternatives(), refuse: (what, at) => parser.refuse(what, at) };
}

/** The texts that match as a whole. */
export const whole = (regex: RegularExpression): Expression =>
  follows(regex, regex.pattern, { rest: empty, isFirst: true });

/** The texts in which something matches, as `RegExp.test` and JSON schemas have it. */
export function anywhere(regex: RegularExpression): Expression {
  const { pattern } = regex;
  const options = pattern.kind === 'alternatives' ? pattern.options : [pattern];
  return choice(
    ...options.flatMap((option) => {
      const first = option.kind === 'sequence' ? option.parts[0] : option;
      const isTied = first?.kind === 'start';
      const tied =
        isTied || has(option, 'start') ? [follows(regex, option, { rest: anything, isFirst: true })] : [];
      if (isTied) return tied;
      return [...tied, sequence(anything, follows(regex, option, { rest: anything, isFirst: false }))];
    }),
  );
}

const anything = repeated(characters(anyCharacter), 0, Infinity);
const empty = sequence();

/** Whether a pattern has a part of a kind, not counted what only looks ahead. */
function has(pattern: Pattern, ...kinds: readonly Pattern['kind'][]): boolean {
  if (kinds.includes(pattern.kind)) return true;
  if (pattern.kind === 'repeat') return has(pattern.part, ...kinds);
  if (pattern.kind === 'sequence') return pattern.parts.some((part) => has(part, ...kinds));
  return pattern.kind === 'alternatives' && pattern.options.some((option) => has(option, ...kinds));
}

/** What stands behind a place of a text up to its end, and whether nothing stands before it; undefined where it depends. */
interface Place {
  readonly rest: Expression;
  readonly isFirst: boolean | undefined;
}

/**
 * The texts that begin with a pattern and go on with the rest. The rest goes down to the places that look at it: with
 * L(r) the texts of the rest, `$` leaves of them the empty one, `(?=p)` L(r) ∩ L(p)Σ*, and `(?!p)` L(r) \ L(p)Σ*.
 */
function follows(regex: RegularExpression, pattern: Pattern, { rest, isFirst }: Place): Expression {
  if (!has(pattern, 'start', 'end', 'ahead')) return sequence(plain(pattern), rest);
  switch (pattern.kind) {
    case 'sequence':
      return inSequence(regex, pattern.parts, { rest, isFirst });
    case 'alternatives':
      return choice(...pattern.options.map((option) => follows(regex, option, { rest, isFirst })));
    case 'repeat':
      return unrolled(regex, pattern, { rest, isFirst });
    case 'start':
      if (isFirst === undefined) return regex.refuse('^ there', pattern.at);
      return isFirst ? rest : nothing;
    case 'end':
      return rest === anything || rest === empty ? empty : allOf([rest, empty]);
    case 'ahead': {
      const beginning = follows(regex, pattern.pattern, { rest: anything, isFirst });
      if (pattern.isNegated) return { kind: 'difference', from: rest, without: beginning };
      return rest === anything ? beginning : allOf([rest, beginning]);
    }
    default:
      return plain(pattern);
  }
}

function inSequence(regex: RegularExpression, parts: readonly Pattern[], place: Place): Expression {
  // from the left: which parts can stand at the beginning of the text
  const firsts: Place['isFirst'][] = [];
  let { isFirst } = place;
  for (const part of parts) {
    firsts.push(isFirst);
    if (isFirst !== false && mayTake(part)) isFirst = mayTakeNothing(part) ? undefined : false;
  }
  let { rest } = place;
  for (let k = parts.length - 1; k >= 0; k--) {
    const end = k + 1;
    // what looks at nothing stays together
    while (k > 0 && !has(parts[k], 'start', 'end', 'ahead') && !has(parts[k - 1], 'start', 'end', 'ahead'))
      k--;
    rest =
      end - k > 1
        ? sequence(...parts.slice(k, end).map(plain), rest)
        : follows(regex, parts[k], { rest, isFirst: firsts[k] });
  }
  return rest;
}

function unrolled(
  regex: RegularExpression,
  { part, least, most }: Extract<Pattern, { kind: 'repeat' }>,
  { rest, isFirst }: Place,
): Expression {
  if (most > maxUnrolled) return regex.refuse('^, $ or a look-ahead in what is repeated', 0);
  let result = rest;
  for (let n = most; n > 0; n--) {
    const one = follows(regex, part, { rest: result, isFirst: n === 1 ? isFirst : undefined });
    result = n > least ? choice(rest, one) : one;
  }
  return result;
}

/** Times that something with a place in it may be repeated. */
const maxUnrolled = 8;

const mayTake = (pattern: Pattern): boolean => has(pattern, 'set');

function mayTakeNothing(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'set':
      return false;
    case 'sequence':
      return pattern.parts.every(mayTakeNothing);
    case 'alternatives':
      return pattern.options.some(mayTakeNothing);
    case 'repeat':
      return pattern.least === 0 || mayTakeNothing(pattern.part);
    default:
      return true;
  }
}

/** A pattern that looks at nothing around it. */
function plain(pattern: Pattern): Expression {
  switch (pattern.kind) {
    case 'set':
      return characters(pattern.ranges);
    case 'sequence':
      return { kind: 'sequence', parts: pattern.parts.map(plain) };
    case 'alternatives':
      return choice(...pattern.options.map(plain));
    case 'repeat':
      return repeated(plain(pattern.part), pattern.least, pattern.most);
    default:
      return empty;
  }
}

/** Groups inside each other. */
const maxDepth = 200;

/** Reads what JavaScript has accepted, so that only what it means is in question. */
class Parser {
  readonly #source: string;
  readonly #option: string;
  readonly #known = new Map<string, Ranges>();
  #at = 0;
  #depth = 0;

  constructor(source: string, option: string) {
    this.#source = source;
    this.#option = option;
  }

  alternatives(): Pattern {
    const options: Pattern[] = [];
    do options.push(this.#sequence());
    while (this.#take('|'));
    return options.length === 1 ? options[0] : { kind: 'alternatives', options };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek())) parts.push(this.#quantified());
    return parts.length === 1 ? parts[0] : { kind: 'sequence', parts };
  }

  #quantified(): Pattern {
    const part = this.#part();
    const [text, least, comma, most] = this.#match(/[*+?]|\{(\d+)(,?)(\d*)\}/y) ?? [];
    if (text === undefined) return part;
    this.#take('?');
    const times = (from: number, to: number): Pattern => ({ kind: 'repeat', part, least: from, most: to });
    if (text === '*') return times(0, Infinity);
    if (text === '+') return times(1, Infinity);
    if (text === '?') return times(0, 1);
    return times(Number(least), comma === '' ? Number(least) : most === '' ? Infinity : Number(most));
  }

  #part(): Pattern {
    const start = this.#at;
    if (this.#take('^')) return { kind: 'start', at: start };
    if (this.#take('$')) return { kind: 'end', at: start };
    if (this.#peek() === '(') return this.#group(start);
    const escape = this.#match(/\\(?:[bBk]|[1-9])/y);
    if (escape) {
      const isBoundary = /[bB]/.test(escape[0]);
      return this.refuse(`the ${isBoundary ? 'word boundary' : 'back-reference'} ${escape[0]}`, start);
    }
    const atom =
      /\[(?:\\[^]|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\x..|\\c.|\\?[^]/uy;
    const text = this.#match(atom)![0];
    const literal = /^(?:\\([^a-zA-Z0-9])|([^.\\]))$/u.exec(text);
    if (!literal) return { kind: 'set', ranges: this.#pointsOf(text) };
    const point = (literal[1] ?? literal[2]).codePointAt(0)!;
    return { kind: 'set', ranges: [[point, point]] };
  }

  #group(start: number): Pattern {
    const [opening] = this.#match(/\((?:\?(?:[=!:]|<[=!]|<[^>]*>|[^]))?/y)!;
    if (/^\(\?<[=!]/.test(opening)) return this.refuse(`the look-behind ${opening}…)`, start);
    if (/^\(\?[^:<=!]/.test(opening)) return this.refuse(`the group ${opening}…)`, start);
    if (++this.#depth > maxDepth) return this.refuse(`a group inside ${maxDepth} others`, start);
    const pattern = this.alternatives();
    this.#depth -= 1;
    this.#take(')');
    if (!/^\(\?[=!]/.test(opening)) return pattern;
    return { kind: 'ahead', pattern, isNegated: opening === '(?!', at: start };
  }

  #pointsOf(atom: string): Ranges {
    let ranges = this.#known.get(atom);
    if (!ranges) this.#known.set(atom, (ranges = codePointsOf(atom)));
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

  refuse(what: string, at: number): never {
    const supported =
      'classes, groups, |, quantifiers, ^ and $ are supported, and (?=…) and (?!…) where nothing repeats them without end';
    const shown = this.#source.length > 200 ? `${this.#source.slice(0, 200)}…` : this.#source;
    throw new UnsupportedError(
      `${this.#option}: ${what} isn't supported at character ${at + 1} of ${JSON.stringify(shown)}; ${supported}`,
    );
  }
}
