import { formatFloat } from './number-format.ts';
import { typeError, valueError } from './problems.ts';
import { repr, toText } from './repr.ts';
import { codePoints, numeric } from './sequences.ts';
import { Dict, isText, Markup, Tuple, typeName, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

const CONVERSION = /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([^])?/g;

/**
 * A text with values put in, as Python's `text % values` does it.
 *
 * @param escape  what is done to each text that is put in
 * @throws TemplateProblem  for a conversion that isn't one, or values of another kind or number
 */
export function formatPercent(
  format: string,
  values: Value,
  work: Work,
  escape: (text: string) => string = (text) => text,
): string {
  const isMapping =
    !(values instanceof Tuple) && !isText(values) && typeof values === 'object' && values !== null;
  const list = values instanceof Tuple ? values.items : [values];
  let used = 0;
  const next = (): Value => {
    if (used >= list.length) throw typeError('not enough arguments for format string');
    return list[used++];
  };
  const count = (text: string | undefined): number | undefined => {
    if (text !== '*') return text === undefined ? undefined : Number(text);
    const value = numeric(next());
    if (typeof value !== 'bigint') throw typeError('* wants int');
    return Number(value);
  };
  const text = format.replace(CONVERSION, (whole, key, flags: string, width, precision, type?: string) => {
    work.spend();
    if (type === undefined) throw valueError('incomplete format');
    const given = key === undefined ? undefined : mapped(values, key as string);
    const size = count(width as string | undefined);
    const hasPoint = /\.(\*|\d*)[hlL]?[^]$/.test(whole as string);
    const places = hasPoint ? (count(precision as string | undefined) ?? 0) : undefined;
    const isPlain = type === '%';
    const value = isPlain ? null : given === undefined ? next() : given;
    const written = isPlain ? '%' : escape(converted(type, value, { flags, places }, work));
    return padded(written, { type, flags, width: size }, work);
  });
  if (used < list.length && !isMapping)
    throw typeError('not all arguments converted during string formatting');
  return work.text(text);
}

function mapped(values: Value, key: string): Value {
  if (!(values instanceof Dict)) throw typeError('format requires a mapping');
  const value = values.get(key);
  if (value === undefined) throw valueError(`the format's ${key} isn't given`);
  return value;
}

interface Form {
  readonly flags: string;
  readonly places?: number;
}

function converted(type: string, value: Value, { flags, places }: Form, work: Work): string {
  const cut = (text: string) => {
    if (places === undefined) return text;
    const points = codePoints(text).slice(0, places);
    return typeof points === 'string' ? points : points.join('');
  };
  switch (type) {
    case 's':
      return cut(toText(value, work));
    case 'r':
    case 'a':
      return cut(repr(value, work));
    case 'c':
      return character(value);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return integer(type, value, { flags, places }, work);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const number = numeric(value);
      if (value instanceof Undefined) throw value.problem();
      if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
      work.characters(places ?? 0);
      const float = Number(number);
      const digits = formatFloat(float, type.toLowerCase() as 'e' | 'f' | 'g', places, flags.includes('#'));
      const signed = sign(float < 0 || Object.is(float, -0), flags) + digits;
      return type === type.toUpperCase() ? signed.toUpperCase() : signed;
    }
    default:
      throw valueError(`unsupported format character '${type}'`);
  }
}

const sign = (isNegative: boolean, flags: string): string =>
  isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';

function character(value: Value): string {
  if (isText(value)) {
    const text = value instanceof Markup ? value.text : value;
    if ([...text].length === 1) return text;
  } else {
    const code = numeric(value);
    if (typeof code === 'bigint' && code >= 0n && code < 0x110000n) return String.fromCodePoint(Number(code));
  }
  throw typeError('%c requires int or char');
}

const BASES: Readonly<Record<string, number>> = { o: 8, x: 16, X: 16 };

function integer(type: string, value: Value, { flags, places = 0 }: Form, work: Work): string {
  if (value instanceof Undefined) throw value.problem();
  const number = numeric(value);
  const base = BASES[type] ?? 10;
  if (number === undefined || (base !== 10 && typeof number !== 'bigint'))
    throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
  if (!Number.isFinite(Number(number)) && typeof number === 'number')
    throw valueError('cannot convert float infinity or NaN to integer');
  work.characters(places);
  const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
  const digits = (whole < 0n ? -whole : whole).toString(base).padStart(places, '0');
  const prefix = flags.includes('#') && base !== 10 ? `0${type.toLowerCase()}` : '';
  const text = sign(whole < 0n, flags) + prefix + digits;
  return type === 'X' ? text.toUpperCase() : text;
}

function padded(
  text: string,
  { type, flags, width = 0 }: { readonly type: string; readonly flags: string; readonly width?: number },
  work: Work,
): string {
  const missing = Math.abs(width) - [...codePoints(text)].length;
  if (missing <= 0) return text;
  work.characters(text.length + missing);
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing);
  if (!flags.includes('0') || 'srac%'.includes(type)) return ' '.repeat(missing) + text;
  const head = /^[-+ ]?(?:0[xXo])?/.exec(text)![0];
  const digits = text.slice(head.length);
  return /^\d|^[a-f]/i.test(digits) && !/^(?:inf|nan)/i.test(digits)
    ? head + '0'.repeat(missing) + digits
    : ' '.repeat(missing) + text;
}
