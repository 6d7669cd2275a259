import { codePointCount, codePoints, numeric } from './sequences.ts';
import { formatFloat, groupedDigits } from './number-format.ts';
import { TemplateProblem, typeError, valueError } from './problems.ts';
import { repr, toText } from './repr.ts';
import { isText, Markup, plain, typeName, type Value } from './values.ts';
import type { Work } from './work.ts';

/** What the fields of a format are taken from. */
export interface FormatSource {
  readonly list: readonly Value[];
  readonly named: (name: string) => Value | undefined;
  /** What `{0.name}` and `{0[key]}` are. */
  readonly attribute: (object: Value, name: string) => Value;
  readonly item: (object: Value, key: Value) => Value;
}

/**
 * A text with values put in, as Python's `str.format` does it: `{}`, `{0}`, `{name.field[key]!r:>8}`.
 *
 * @param escape  what is done to each text that is put in
 * @throws TemplateProblem  for a field that isn't given, or a specification that the value's type doesn't have
 */
export function formatBraces(
  format: string,
  given: FormatSource,
  work: Work,
  escape: (text: string) => string = (text) => text,
): string {
  let automatic = 0;
  return expand(format, 0);

  function expand(text: string, depth: number): string {
    if (depth > 2) throw valueError('Max string recursion exceeded');
    let result = '';
    for (let at = 0; at < text.length;) {
      work.spend();
      const found = /[{}]/.exec(text.slice(at));
      if (!found) return work.text(result + text.slice(at));
      const brace = at + found.index;
      result += text.slice(at, brace);
      if (text[brace + 1] === text[brace]) {
        result += text[brace];
        at = brace + 2;
      } else {
        const end = closing(text, brace);
        result += field(text.slice(brace + 1, end), depth);
        at = end + 1;
      }
    }
    return work.text(result);
  }

  function field(inside: string, depth: number): string {
    const [, name, conversion, , specification = ''] =
      /^([^!:]*(?:\[[^\]]*\][^!:[]*)*)(?:!([^:]*))?(:([^]*))?$/.exec(inside) ?? [];
    if (name === undefined) throw valueError('a field that ends early');
    let value = valueOf(name);
    if (conversion === 's') value = toText(value, work);
    else if (conversion === 'r' || conversion === 'a') value = repr(value, work);
    else if (conversion !== undefined) throw valueError(`unknown conversion ${conversion}`);
    const written = formatValue(value, expand(specification, depth + 1), work);
    return value instanceof Markup ? written : escape(written);
  }

  function valueOf(path: string): Value {
    const [, first, rest] = /^([^.[]*)([^]*)$/.exec(path)!;
    let value: Value | undefined;
    if (first === '') value = given.list[automatic++];
    else value = /^\d+$/.test(first) ? given.list[Number(first)] : given.named(first);
    if (value === undefined) throw new TemplateProblem('LookupError', `the format's {${path}} isn't given`);
    for (const [whole, attribute, key] of rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]|[^]/g)) {
      if (attribute !== undefined) value = given.attribute(value, attribute);
      else if (key !== undefined) value = given.item(value, /^\d+$/.test(key) ? BigInt(key) : key);
      else throw valueError(`a field that goes on with ${whole}`);
    }
    return value;
  }
}

/** Where the brace that closes a field stands; a specification may have fields in it. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  throw valueError(
    text[open] === '}' ? "Single '}' encountered in format string" : "expected '}' before end of string",
  );
}

interface Specification {
  readonly fill: string;
  readonly align?: string;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly separator?: string;
  readonly precision?: number;
  readonly type: string;
}

const SPECIFICATION = /^(?:(.)?([<>=^]))?([-+ ])?z?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

function readSpecification(text: string): Specification {
  const found = SPECIFICATION.exec(text);
  if (!found) throw valueError(`Invalid format specifier '${text}'`);
  const [, fill, align, sign = '', alternate, zero, width = '0', separator, precision, type = ''] = found;
  return {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (zero === undefined ? undefined : '='),
    sign,
    alternate: alternate !== undefined,
    width: Number(width),
    separator,
    precision: precision === undefined ? undefined : Number(precision),
    type,
  };
}

/** A value as `format(value, specification)` writes it. */
function formatValue(value: Value, specification: string, work: Work): string {
  if (specification === '') return toText(value, work);
  const form = readSpecification(specification);
  work.characters(form.width + (form.precision ?? 0));
  if (isText(value)) {
    if (!'s'.includes(form.type) || form.align === '=')
      throw valueError(`Invalid format specifier '${specification}' for object of type 'str'`);
    const points = codePoints(plain(value)).slice(0, form.precision);
    return aligned('', typeof points === 'string' ? points : points.join(''), form, '<');
  }
  const number = numeric(value);
  if (number === undefined)
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  if (typeof value === 'boolean' && form.type === '') return aligned('', toText(value, work), form, '>');
  const isNegative = number < 0 || Object.is(number, -0);
  const signText = isNegative ? '-' : form.sign === '-' ? '' : form.sign;
  if (form.type === 'c' && typeof number === 'bigint')
    return aligned('', String.fromCodePoint(Number(number)), form, '<');
  const [prefix, digits] = digitsOf(number, form, specification);
  return aligned(signText + prefix, digits, form, '>');
}

const BASES: Readonly<Record<string, number>> = { '': 10, d: 10, n: 10, b: 2, o: 8, x: 16, X: 16 };

function digitsOf(number: bigint | number, form: Specification, text: string): readonly [string, string] {
  const { type, separator, precision } = form;
  if (typeof number === 'bigint' && Object.hasOwn(BASES, type)) {
    if (precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
    const base = BASES[type];
    const digits = (number < 0n ? -number : number).toString(base);
    const all = separator ? groupedDigits(digits, separator, base === 10 ? 3 : 4) : digits;
    const prefix = form.alternate && base !== 10 ? `0${type}` : '';
    return [prefix, type === 'X' ? all.toUpperCase() : all];
  }
  const lower = type.toLowerCase();
  if (!['', 'e', 'f', 'g', 'n', '%'].includes(lower))
    throw valueError(`Unknown format code '${type}' in '${text}'`);
  const kind = lower === '' ? 'r' : lower === 'n' ? 'g' : (lower as 'e' | 'f' | 'g' | '%');
  const digits = formatFloat(Number(number), kind, precision, form.alternate);
  const all = separator ? groupedDigits(digits, separator) : digits;
  return ['', type !== lower ? all.toUpperCase() : all];
}

function aligned(head: string, text: string, form: Specification, usual: '<' | '>'): string {
  const missing = form.width - head.length - codePointCount(text);
  if (missing <= 0) return head + text;
  switch (form.align ?? usual) {
    case '<':
      return head + text + form.fill.repeat(missing);
    case '=':
      return head + form.fill.repeat(missing) + text;
    case '^': {
      const left = Math.floor(missing / 2);
      return form.fill.repeat(left) + head + text + form.fill.repeat(missing - left);
    }
    default:
      return form.fill.repeat(missing) + head + text;
  }
}
