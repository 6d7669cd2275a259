import {
  ALPHABETIC,
  ALPHANUMERIC,
  ASCII,
  DECIMAL,
  UNICODE_DIGITS,
  IDENTIFIER,
  NUMERIC,
  PRINTABLE,
} from './character-classes.ts';
import { escapeHtml } from './html.ts';
import { toText } from './repr.ts';
import { codePointCount, codePoints, iterate, listed } from './sequences.ts';
import { type Bound, bind, intOf, type Parameters, required, textParameter } from './parameters.ts';
import { typeError, valueError } from './problems.ts';
import { capitalized, caseFolded, isLower, isTitle, isUpper, swappedCase, titled } from './text-case.ts';
import {
  BLANK,
  bounds,
  lines,
  occurrences,
  padText,
  replace,
  split,
  splitFromEnd,
  strip,
} from './text-search.ts';
import { Bytes } from './bytes.ts';
import { Callable, Dict, Markup, Tuple, typeName, type Value } from './values.ts';
import type { Work } from './work.ts';

type Method = (text: string, given: readonly Value[], named: ReadonlyMap<string, Value>, work: Work) => Value;

/** A method with its parameters, by the names that they may be given by. */
const method =
  <P extends Parameters>(
    name: string,
    parameters: P,
    run: (text: string, given: Bound<P>, work: Work) => Value,
  ): Method =>
  (text, given, named, work) => {
    work.lookThrough(text.length);
    return run(text, bind(name, parameters, given, named), work);
  };

const plainMethod = (name: string, run: (text: string, work: Work) => Value): [string, Method] => [
  name,
  method(name, {}, (text, _, work) => run(text, work)),
];

/** A method that goes through a text character by character. */
const rewriting = (name: string, run: (text: string) => Value): [string, Method] =>
  plainMethod(name, (text, work) => {
    work.rewrite(text.length);
    return run(text);
  });

const is = (name: string, pattern: RegExp): [string, Method] =>
  plainMethod(name, (text) => pattern.test(text));

const stripping = (name: string, ends: 'left' | 'right' | 'both'): [string, Method] => [
  name,
  method(name, { chars: null }, (text, { chars }) =>
    strip(text, chars === null ? undefined : textParameter(chars), ends),
  ),
];

const splitting = (name: string, cut: typeof split): [string, Method] => [
  name,
  method(name, { sep: null, maxsplit: -1n }, (text, { sep, maxsplit }, work) =>
    cut(text, sep === null ? undefined : textParameter(sep), intOf(maxsplit), work),
  ),
];

const padding = (name: string, side: 'left' | 'right' | 'both'): [string, Method] => [
  name,
  method(name, { width: required, fillchar: ' ' }, (text, { width, fillchar }, work) => {
    if (codePointCount(textParameter(fillchar)) !== 1)
      throw typeError('The fill character must be exactly one character long');
    return padText(text, intOf(width), textParameter(fillchar), side, work);
  }),
];

const range = { sub: required, start: null, end: null } as const;

/** The part of a text that a search is about, and how many code points stand before it. */
function searched(
  text: string,
  { start, end }: Bound<typeof range>,
): readonly [part: string, before: number] {
  if (start === null && end === null) return [text, 0];
  const points = codePoints(text);
  const [from, to] = bounds(
    points.length,
    start === null ? undefined : intOf(start),
    end === null ? undefined : intOf(end),
  );
  const part = points.slice(from, to);
  return [typeof part === 'string' ? part : part.join(''), from];
}

/** Whether a search begins behind the text, where not even nothing is found. */
const startsBehind = (text: string, { start }: Bound<typeof range>): boolean =>
  start !== null && intOf(start) > codePointCount(text);

function find(text: string, given: Bound<typeof range>, fromEnd: boolean): number {
  const [part, before] = searched(text, given);
  const sub = textParameter(given.sub);
  if (startsBehind(text, given)) return -1;
  const at = fromEnd ? part.lastIndexOf(sub) : part.indexOf(sub);
  return at < 0 ? -1 : before + codePointCount(part.slice(0, at));
}

const finding = (name: string, fromEnd: boolean, mustBe: boolean): [string, Method] => [
  name,
  method(name, range, (text, given) => {
    const at = find(text, given, fromEnd);
    if (at < 0 && mustBe) throw valueError('substring not found');
    return BigInt(at);
  }),
];

const edge = (name: string, matches: (text: string, part: string) => boolean): [string, Method] => [
  name,
  method(name, range, (text, given) => {
    const [part] = searched(text, given);
    const isBehind = startsBehind(text, given);
    const wanted = given.sub instanceof Tuple ? given.sub.items : [given.sub];
    return wanted.some((each) => matches(part, textParameter(each)) && !isBehind);
  }),
];

const partition = (name: string, fromEnd: boolean): [string, Method] => [
  name,
  method(name, { sep: required }, (text, { sep }) => {
    const separator = textParameter(sep);
    if (separator === '') throw valueError('empty separator');
    const at = fromEnd ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) return new Tuple(fromEnd ? ['', '', text] : [text, '', '']);
    return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
  }),
];

function expandTabs(text: string, size: number, work: Work): string {
  work.rewrite(text.length);
  let column = 0;
  let expanded = '';
  for (const character of text) {
    if (character === '\t') {
      const blanks = size > 0 ? size - (column % size) : 0;
      work.characters(expanded.length + blanks);
      expanded += ' '.repeat(blanks);
      column += blanks;
    } else {
      expanded += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return expanded;
}

function join(separator: string, items: Value, work: Work): string {
  const texts = listed(items, work).map((item, i) => {
    if (typeof item === 'string') return item;
    if (item instanceof Markup) return item.text;
    throw typeError(`sequence item ${i}: expected str instance, ${typeName(item)} found`);
  });
  work.characters(texts.reduce((sum, text) => sum + text.length, separator.length * texts.length));
  return texts.join(separator);
}

function zeroFilled(text: string, width: number, work: Work): string {
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + padText(text.slice(sign.length), width - sign.length, '0', 'left', work);
}

/** What `translate` puts in the place of a character: by its code point, a text, another code point, or nothing. */
function translated(text: string, table: Value, work: Work): string {
  if (!(table instanceof Dict)) throw typeError(`'${typeName(table)}' object is no table`);
  work.rewrite(text.length);
  const changed = Array.from(text, (character) => {
    const to = table.get(BigInt(character.codePointAt(0)!));
    if (to === undefined) return character;
    if (to === null) return '';
    return typeof to === 'bigint' ? String.fromCodePoint(Number(to)) : textParameter(to);
  });
  work.characters(changed.reduce((sum, each) => sum + each.length, 0));
  return changed.join('');
}

function translationTable(from: Value, to: Value, gone: Value): Dict {
  const code = (character: string) => BigInt(character.codePointAt(0)!);
  if (from instanceof Dict)
    return new Dict(
      Array.from(from.entries(), ([key, value]) => [typeof key === 'string' ? code(key) : key, value]),
    );
  const targets = [...textParameter(to)];
  const sources = [...textParameter(from)];
  if (targets.length !== sources.length) throw valueError('maketrans needs two texts of one length');
  return new Dict([
    ...sources.map((character, i): [Value, Value] => [code(character), code(targets[i])]),
    ...(gone === null
      ? []
      : Array.from(textParameter(gone), (character): [Value, Value] => [code(character), null])),
  ]);
}

const METHODS: ReadonlyMap<string, Method> = new Map([
  rewriting('capitalize', capitalized),
  rewriting('casefold', caseFolded),
  plainMethod('lower', (text) => text.toLowerCase()),
  plainMethod('upper', (text) => text.toUpperCase()),
  rewriting('swapcase', swappedCase),
  rewriting('title', titled),
  plainMethod('islower', isLower),
  plainMethod('isupper', isUpper),
  rewriting('istitle', isTitle),
  rewriting('isspace', (text) => text !== '' && Array.from(text).every((each) => BLANK.test(each))),
  is('isalnum', ALPHANUMERIC),
  is('isalpha', ALPHABETIC),
  is('isascii', ASCII),
  is('isdecimal', DECIMAL),
  is('isdigit', UNICODE_DIGITS),
  is('isnumeric', NUMERIC),
  is('isidentifier', IDENTIFIER),
  is('isprintable', PRINTABLE),
  stripping('strip', 'both'),
  stripping('lstrip', 'left'),
  stripping('rstrip', 'right'),
  splitting('split', split),
  splitting('rsplit', splitFromEnd),
  padding('center', 'both'),
  padding('ljust', 'right'),
  padding('rjust', 'left'),
  finding('find', false, false),
  finding('rfind', true, false),
  finding('index', false, true),
  finding('rindex', true, true),
  edge('startswith', (text, part) => text.startsWith(part)),
  edge('endswith', (text, part) => text.endsWith(part)),
  partition('partition', false),
  partition('rpartition', true),
  [
    'splitlines',
    method('splitlines', { keepends: false }, (text, { keepends }, work) => {
      const all = lines(text, keepends !== false && keepends !== 0n && keepends !== null);
      work.items(all.length);
      return all;
    }),
  ],
  [
    'replace',
    method('replace', { old: required, new: required, count: -1n }, (text, given, work) =>
      replace(text, textParameter(given.old), textParameter(given.new), intOf(given.count), work),
    ),
  ],
  [
    'count',
    method('count', range, (text, given, work) => {
      const [part] = searched(text, given);
      const sub = textParameter(given.sub);
      if (startsBehind(text, given)) return 0n;
      return BigInt(sub === '' ? codePointCount(part) + 1 : occurrences(part, sub, work));
    }),
  ],
  [
    'removeprefix',
    method('removeprefix', { prefix: required }, (text, { prefix }) =>
      text.startsWith(textParameter(prefix)) ? text.slice(textParameter(prefix).length) : text,
    ),
  ],
  [
    'removesuffix',
    method('removesuffix', { suffix: required }, (text, { suffix }) =>
      textParameter(suffix) !== '' && text.endsWith(textParameter(suffix))
        ? text.slice(0, text.length - textParameter(suffix).length)
        : text,
    ),
  ],
  [
    'expandtabs',
    method('expandtabs', { tabsize: 8n }, (text, { tabsize }, work) =>
      expandTabs(text, intOf(tabsize), work),
    ),
  ],
  ['join', method('join', { iterable: required }, (text, { iterable }, work) => join(text, iterable, work))],
  [
    'zfill',
    method('zfill', { width: required }, (text, { width }, work) => zeroFilled(text, intOf(width), work)),
  ],
  [
    'encode',
    method('encode', { encoding: 'utf-8', errors: 'strict' }, (text, { encoding }, work) => {
      if (!/^utf[-_]?8$/i.test(textParameter(encoding)))
        throw valueError(`the encoding ${textParameter(encoding)}, which isn't utf-8`);
      work.characters(3 * text.length);
      return new Bytes(new TextEncoder().encode(text));
    }),
  ],
  [
    'translate',
    method('translate', { table: required }, (text, { table }, work) => translated(text, table, work)),
  ],
  [
    'maketrans',
    method('maketrans', { x: required, y: null, z: null }, (_, { x, y, z }) => translationTable(x, y, z)),
  ],
]);

/** Which argument of a method is put into the text, and so is escaped where the text is. */
const ESCAPED_ARGUMENTS: Readonly<Record<string, number>> = { replace: 1, ljust: 1, rjust: 1, center: 1 };

const joinable = (items: Value, work: Work): Value =>
  listed(items, work).map((item) => (item instanceof Markup ? item : escapeHtml(toText(item, work))));

/** The methods whose arguments may be named. */
const NAMED_ARGUMENTS: ReadonlySet<string> = new Set([
  'split',
  'rsplit',
  'splitlines',
  'expandtabs',
  'encode',
]);

/** A method of a text, ready to be called; undefined where it has none of that name. */
export function textMethod(text: string | Markup, name: string, work: Work): Callable | undefined {
  const found = METHODS.get(name);
  if (!found) return undefined;
  if (typeof text === 'string')
    return new Callable(name, (given, named) => {
      if (named.size > 0 && !NAMED_ARGUMENTS.has(name))
        throw typeError(`str.${name}() takes no keyword arguments`);
      return found(text, given, named, work);
    });
  // what is escaped stays so
  const escaped = (value: Value): Value => {
    if (typeof value === 'string') return new Markup(value);
    if (Array.isArray(value)) return value.map(escaped);
    return value instanceof Tuple ? new Tuple(Array.from(iterate(value), escaped)) : value;
  };
  const argument = (value: Value, i: number): Value =>
    ESCAPED_ARGUMENTS[name] === i && typeof value === 'string' ? escapeHtml(value) : value;
  return new Callable(name, (given, named) => {
    const safe = name === 'join' ? [joinable(given[0], work)] : given.map(argument);
    return escaped(found(text.text, safe, named, work));
  });
}
