import {
  Callable,
  Dict,
  DictView,
  Lazy,
  Markup,
  Range,
  Thing,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

/** A value as Python's `str` writes it, which is how a template prints it. */
export function toText(value: Value, work: Work): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) return '';
  return repr(value, work);
}

/** A value as Python's `repr` writes it. */
export function repr(value: Value, work: Work): string {
  // a list that holds another twice, and that again, is short in memory and long in words
  return work.text(written(value, (each) => repr(each, work)));
}

function written(value: Value, repr: (value: Value) => string): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return String(value);
    case 'number':
      return floatText(value);
    case 'string':
      return quoted(value);
    default:
  }
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof Tuple)
    return value.items.length === 1 ? `(${repr(value.items[0])},)` : `(${value.items.map(repr).join(', ')})`;
  if (value instanceof Dict)
    return `{${Array.from(value.entries(), ([key, each]) => `${repr(key)}: ${repr(each)}`).join(', ')}}`;
  if (value instanceof DictView) return `dict_${value.part}([${value.list().map(repr).join(', ')}])`;
  if (value instanceof Range) {
    const { start, stop, step } = value;
    return `range(${start}, ${stop}${step === 1n ? '' : `, ${step}`})`;
  }
  if (value instanceof Markup) return `Markup(${quoted(value.text)})`;
  if (value instanceof Undefined) return 'Undefined';
  // Python writes where these lie in memory
  if (value instanceof Lazy) return '<generator object>';
  if (value instanceof Callable) return `<function ${value.name}>`;
  return (value as Thing).toText(repr);
}

/** A float: the shortest digits that mean it, with an exponent from 1e16 up and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [digits, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const text = String(value);
  if (text.includes('e')) return value.toFixed(20).replace(/0+$/, '');
  return text.includes('.') ? text : `${text}.0`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\p{C}\p{Z}\\'"]/gu, (character) => {
    if (character === ' ') return character;
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character;
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0)!;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + escaped + quote;
}
