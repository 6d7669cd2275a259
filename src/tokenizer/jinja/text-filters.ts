import { type Filter, filter } from './filter.ts';
import { escapeHtml, stripTags } from './html.ts';
import { PYTHON_BLANK } from './lexer.ts';
import { codePointCount, codePoints, iterate, valueLength, truth } from './sequences.ts';
import { intOf, required, textParameter } from './parameters.ts';
import { formatPercent } from './percent-format.ts';
import { TemplateProblem, typeError, valueError } from './problems.ts';
import { repr, toText } from './repr.ts';
import { capitalized } from './text-case.ts';
import { lines, padText, replace, strip, words } from './text-search.ts';
import { urlize } from './urlize.ts';
import { Dict, isText, Markup, plain, Tuple, typeName, Undefined, type Value } from './values.ts';
import { wordWrap } from './word-wrap.ts';
import type { Work } from './work.ts';

/** A filter that changes a text: of other values their text; what is escaped stays so. */
const changing = (name: string, change: (text: string) => string): [string, Filter] =>
  filter(name, {}, (value, _, { work }) => {
    const text = toText(value, work);
    work.rewrite(text.length);
    return same(value, work.text(change(text)));
  });

const same = (value: Value, text: string): Value => (value instanceof Markup ? new Markup(text) : text);

const TITLE_WORD = new RegExp(`[^-({[<${PYTHON_BLANK.slice(1)}+`, 'g');

/** Each word, up to a blank, a hyphen or an opening bracket, begins with a capital. */
const title = (text: string): string =>
  text.replace(TITLE_WORD, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    return first.toUpperCase() + word.slice(first.length).toLowerCase();
  });

interface Indentation {
  readonly width: Value;
  readonly first: Value;
  readonly blank: Value;
}

function indent(value: Value, { width, first, blank }: Indentation, work: Work): string {
  if (value instanceof Undefined) throw value.problem();
  if (!isText(value)) throw typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  const margin = isText(width) ? plain(width) : ' '.repeat(Math.max(0, checked(intOf(width), work)));
  const all = lines(`${plain(value)}\n`);
  work.characters(plain(value).length + margin.length * all.length);
  const indented = all.map((line, i) =>
    i === 0 ? line : truth(blank) || line !== '' ? margin + line : line,
  );
  return (truth(first) ? margin : '') + indented.join('\n');
}

function checked(count: number, work: Work): number {
  work.characters(count);
  return count;
}

function truncate(value: Value, length: number, killWords: boolean, end: string, leeway: number): Value {
  const cut = length - codePointCount(end);
  if (cut < 0)
    throw new TemplateProblem('AssertionError', `expected length >= ${codePointCount(end)}, got ${length}`);
  if (leeway < 0) throw new TemplateProblem('AssertionError', `expected leeway >= 0, got ${leeway}`);
  const size = valueLength(value);
  if (size === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  // whatever is short enough stays as it is
  if (size <= length + leeway) return value;
  const points = codePoints(textParameter(value));
  const head = points.slice(0, cut);
  const begun = typeof head === 'string' ? head : head.join('');
  const blank = killWords ? -1 : begun.lastIndexOf(' ');
  const kept = blank < 0 ? begun : begun.slice(0, blank);
  return value instanceof Markup ? new Markup(kept + escapeHtml(end)) : kept + end;
}

/** A text as a part of an address. */
function quoteUrl(text: string, isQuery: boolean): string {
  const quoted = encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return isQuery ? quoted.replaceAll('%20', '+') : quoted.replaceAll('%2F', '/');
}

function urlEncode(value: Value, work: Work): string {
  const isPairs = value instanceof Dict || Array.isArray(value) || value instanceof Tuple;
  if (!isPairs) return work.text(quoteUrl(toText(value, work), false));
  const pairs: Iterable<readonly Value[]> =
    value instanceof Dict
      ? value.entries()
      : Array.from(iterate(value), (pair) => {
          const items = [...iterate(pair)];
          if (items.length !== 2) throw valueError('not two values to unpack');
          return items;
        });
  return work.text(
    Array.from(pairs, (pair) => pair.map((each) => quoteUrl(toText(each, work), true)).join('=')).join('&'),
  );
}

function xmlAttributes(value: Value, autospace: boolean, work: Work): string {
  if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object is no dict`);
  const written: string[] = [];
  for (const [key, each] of value.entries()) {
    if (each === null || each instanceof Undefined) continue;
    const name = textParameter(key);
    if (/[\s/>=]/.test(name)) throw valueError(`Invalid character in attribute name: ${repr(name, work)}`);
    const text = each instanceof Markup ? each.text : escapeHtml(toText(each, work));
    written.push(`${escapeHtml(name)}="${text}"`);
  }
  return work.text((autospace && written.length > 0 ? ' ' : '') + written.join(' '));
}

function formatted(
  value: Value,
  given: readonly Value[],
  named: ReadonlyMap<string, Value>,
  work: Work,
): Value {
  if (given.length > 0 && named.size > 0)
    throw new TemplateProblem(
      'FilterArgumentError',
      "can't handle positional and keyword arguments at the same time",
    );
  const values = named.size > 0 ? new Dict(named) : new Tuple(given);
  const text = toText(value, work);
  return same(value, formatPercent(text, values, work, value instanceof Markup ? escapeHtml : undefined));
}

/** The filters of Jinja that are about texts. */
export const TEXT_FILTERS: readonly (readonly [string, Filter])[] = [
  changing('upper', (text) => text.toUpperCase()),
  changing('lower', (text) => text.toLowerCase()),
  changing('capitalize', capitalized),
  changing('title', title),
  filter('trim', { chars: null }, (value, { chars }, { work }) =>
    same(value, strip(toText(value, work), chars === null ? undefined : textParameter(chars), 'both')),
  ),
  filter('center', { width: 80n }, (value, { width }, { work }) =>
    same(value, padText(toText(value, work), intOf(width), ' ', 'both', work)),
  ),
  filter('replace', { old: required, new: required, count: null }, (value, given, { work }) =>
    replace(
      toText(value, work),
      toText(given.old, work),
      toText(given.new, work),
      given.count === null ? -1 : intOf(given.count),
      work,
    ),
  ),
  filter('indent', { width: 4n, first: false, blank: false }, (value, given, { work }) =>
    same(value, indent(value, given, work)),
  ),
  filter(
    'truncate',
    { length: 255n, killwords: false, end: '...', leeway: null },
    (value, { length, killwords, end, leeway }) =>
      truncate(
        value,
        intOf(length),
        truth(killwords),
        textParameter(end),
        leeway === null ? 5 : intOf(leeway),
      ),
  ),
  filter(
    'wordwrap',
    { width: 79n, break_long_words: true, wrapstring: null, break_on_hyphens: true },
    (value, given, { work }) =>
      wordWrap(
        textParameter(value),
        {
          width: intOf(given.width),
          breakLongWords: truth(given.break_long_words),
          breakOnHyphens: truth(given.break_on_hyphens),
          newline: given.wrapstring === null ? '\n' : textParameter(given.wrapstring),
        },
        work,
      ),
  ),
  filter('wordcount', {}, (value, _, { work }) => {
    const text = toText(value, work);
    work.rewrite(text.length);
    return BigInt((text.match(/[\p{L}\p{N}_]+/gu) ?? []).length);
  }),
  filter('striptags', {}, (value, _, { work }) => work.text(stripTags(toText(value, work), words))),
  filter('urlencode', {}, (value, _, { work }) => urlEncode(value, work)),
  filter('xmlattr', { autospace: true }, (value, { autospace }, { work }) =>
    xmlAttributes(value, truth(autospace), work),
  ),
  filter(
    'urlize',
    { trim_url_limit: null, nofollow: false, target: null, rel: null, extra_schemes: null },
    (value, given, { work }) =>
      urlize(
        value instanceof Markup ? value.text : escapeHtml(toText(value, work)),
        {
          limit: given.trim_url_limit === null ? undefined : intOf(given.trim_url_limit),
          nofollow: truth(given.nofollow),
          target: given.target === null ? undefined : textParameter(given.target),
          rel: given.rel === null ? '' : textParameter(given.rel),
          schemes:
            given.extra_schemes === null ? [] : Array.from(iterate(given.extra_schemes), textParameter),
        },
        work,
      ),
  ),
  ['format', (value, given, named, { work }) => formatted(value, given, named, work)],
];
