import { attributeOf } from './attributes.ts';
import { type Filter, filter } from './filter.ts';
import { escapeHtml } from './html.ts';
import { dumpJson } from './json-filter.ts';
import { roundedNumber } from './number-format.ts';
import { arithmetic } from './arithmetic.ts';
import { numeric, truth } from './sequences.ts';
import { intOf, required, textParameter } from './parameters.ts';
import { pretty } from './pretty-print.ts';
import { TemplateProblem, typeError, valueError } from './problems.ts';
import { toText } from './repr.ts';
import { strip } from './text-search.ts';
import { isText, Markup, plain, Tuple, typeName, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

/** A text as the whole number that Python's `int` reads in it; undefined where it reads none. */
function parseInteger(text: string, base: number): bigint | undefined {
  if (base !== 0 && (base < 2 || base > 36)) throw valueError('int() base must be >= 2 and <= 36, or 0');
  const found = /^([-+]?)(?:0([box])_?)?([\da-z]+(?:_[\da-z]+)*)$/i.exec(
    strip(decimalDigits(text), undefined, 'both'),
  );
  if (!found) return undefined;
  const [, sign, letter, digits] = found;
  const prefixed = letter === undefined ? undefined : { b: 2, o: 8, x: 16 }[letter.toLowerCase()];
  let all = digits.replaceAll('_', '');
  let actual = base;
  if (prefixed !== undefined && (base === 0 || base === prefixed)) actual = prefixed;
  else if (letter !== undefined) all = `0${letter}${all}`;
  if (actual === 0) {
    actual = 10;
    if (/^0+[1-9]/.test(all)) return undefined;
  }
  let value = 0n;
  for (const digit of all.toLowerCase()) {
    const n = Number.parseInt(digit, 36);
    if (!(n < actual)) return undefined;
    value = value * BigInt(actual) + BigInt(n);
    if (value > 10n ** 4300n)
      throw valueError('Exceeds the limit (4300 digits) for integer string conversion');
  }
  return sign === '-' ? -value : value;
}

/** Decimal digits of all scripts as those of ours. */
const decimalDigits = (text: string): string =>
  text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    let zero = digit.codePointAt(0)!;
    let value = 0;
    while (
      value < 10 &&
      /\p{Nd}/u.test(String.fromCodePoint(zero - 1)) &&
      zero % 16 !== 0 &&
      zero % 16 !== 6
    ) {
      zero--;
      value++;
    }
    return String(value);
  });

/** A text as the number that Python's `float` reads in it; undefined where it reads none. */
function parseFloatText(text: string): number | undefined {
  const trimmed = strip(decimalDigits(text), undefined, 'both');
  if (/^[-+]?(?:inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  if (/^[-+]?nan$/i.test(trimmed)) return Number.NaN;
  const digits = '\\d+(?:_\\d+)*';
  const form = new RegExp(`^[-+]?(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[-+]?${digits})?$`, 'i');
  return form.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : undefined;
}

/** A value as a float; undefined where it is none. */
function floatOf(value: Value): number | undefined {
  if (isText(value)) return parseFloatText(plain(value));
  if (value instanceof Undefined) throw value.problem();
  const number = numeric(value);
  return number === undefined ? undefined : Number(number);
}

function truncated(value: number): bigint | undefined {
  if (Number.isFinite(value)) return BigInt(Math.trunc(value));
  return undefined;
}

function toInteger(value: Value, usual: Value, base: number): Value {
  if (value instanceof Undefined) throw value.problem();
  if (isText(value)) {
    const whole = parseInteger(plain(value), base);
    if (whole !== undefined) return whole;
  }
  const float = floatOf(value);
  if (float === undefined) return usual;
  if (!isText(value) && (float === Infinity || float === -Infinity))
    throw new TemplateProblem('OverflowError', 'cannot convert float infinity to integer');
  return typeof numeric(value) === 'bigint' ? numeric(value)! : (truncated(float) ?? usual);
}

function roundValue(value: Value, precision: Value, method: string, work: Work): Value {
  if (!['common', 'ceil', 'floor'].includes(method))
    throw new TemplateProblem('FilterArgumentError', 'method must be common, ceil or floor');
  if (value instanceof Undefined) throw value.problem();
  const number = numeric(value);
  if (number === undefined) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const places = intOf(precision);
  if (method !== 'common') {
    const scale = arithmetic('**', 10n, precision, work);
    const scaled = arithmetic('*', number, scale, work);
    const whole = typeof scaled === 'bigint' ? scaled : truncated(Math[method as 'ceil'](scaled as number));
    if (whole === undefined)
      throw new TemplateProblem('OverflowError', 'cannot convert float infinity to integer');
    return arithmetic('/', whole, scale, work);
  }
  if (typeof number === 'number') return roundedNumber(number, places);
  if (places >= 0) return number;
  const unit = 10n ** BigInt(Math.min(-places, 5000));
  const [whole, rest] = [number / unit, number % unit];
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const up = twice > unit || (twice === unit && whole % 2n !== 0n);
  return (whole + (up ? (number < 0n ? -1n : 1n) : 0n)) * unit;
}

const SIZES = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

function fileSize(value: Value, binary: boolean): string {
  const bytes = floatOf(value);
  if (bytes === undefined) throw valueError('could not convert to float');
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const found = SIZES.findIndex((_, i) => bytes < base ** (i + 2));
  const at = found < 0 ? SIZES.length - 1 : found;
  const name = binary ? `${SIZES[at][0].toUpperCase()}iB` : SIZES[at];
  return `${((base * bytes) / base ** (at + 2)).toFixed(1)} ${name}`;
}

/** A value as Markup: HTML that shows it. */
const escaped = (value: Value, work: Work): Markup =>
  value instanceof Markup ? value : new Markup(work.text(escapeHtml(toText(value, work))));

const usual = (name: string): [string, Filter] =>
  filter(name, { default_value: '', boolean: false }, (value, given) =>
    value instanceof Undefined || (truth(given.boolean) && !truth(value)) ? given.default_value : value,
  );

function separatorsOf(value: Value): readonly [string, string] | undefined {
  if (value === null) return undefined;
  const pair = value instanceof Tuple ? value.items : (value as readonly Value[]);
  if (!Array.isArray(pair) || pair.length !== 2) throw valueError('separators must be two texts');
  return [textParameter(pair[0] as Value), textParameter(pair[1] as Value)];
}

function indentOf(value: Value, work: Work): string | undefined {
  if (value === null) return undefined;
  if (isText(value)) return plain(value);
  const width = Math.max(0, intOf(value));
  work.characters(width);
  return ' '.repeat(width);
}

/** The filters of Jinja that are about one value, whatever it is. */
export const VALUE_FILTERS: readonly (readonly [string, Filter])[] = [
  usual('default'),
  usual('d'),
  filter('attr', { name: required }, (value, { name }, { work }) =>
    attributeOf(value, textParameter(name), work),
  ),
  filter('string', {}, (value, _, { work }) => (isText(value) ? value : toText(value, work))),
  filter('int', { default: 0n, base: 10n }, (value, given) =>
    toInteger(value, given.default, intOf(given.base)),
  ),
  filter('float', { default: 0 }, (value, given) => floatOf(value) ?? given.default),
  filter('abs', {}, (value) => {
    const number = numeric(value);
    if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    return number < 0 ? -number : typeof number === 'number' ? Math.abs(number) : number;
  }),
  filter('round', { precision: 0n, method: 'common' }, (value, { precision, method }, { work }) =>
    roundValue(value, precision, toText(method, work), work),
  ),
  filter('filesizeformat', { binary: false }, (value, { binary }) => fileSize(value, truth(binary))),
  filter('escape', {}, (value, _, { work }) => escaped(value, work)),
  filter('e', {}, (value, _, { work }) => escaped(value, work)),
  filter('forceescape', {}, (value, _, { work }) => escaped(toText(value, work), work)),
  filter('safe', {}, (value, _, { work }) =>
    value instanceof Markup ? value : new Markup(toText(value, work)),
  ),
  filter('pprint', {}, (value, _, { work }) => pretty(value, work)),
  filter(
    'tojson',
    { ensure_ascii: false, indent: null, separators: null, sort_keys: false },
    (value, given, { work }) =>
      dumpJson(
        value,
        {
          ensureAscii: truth(given.ensure_ascii),
          indent: indentOf(given.indent, work),
          separators: separatorsOf(given.separators),
          sortKeys: truth(given.sort_keys),
        },
        work,
      ),
  ),
];
