import { typeError } from './problems.ts';
import {
  Dict,
  DictView,
  isText,
  Lazy,
  Markup,
  Range,
  Thing,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

/** Whether a value counts as true. */
export function truth(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return false;
  if (typeof value !== 'object') return true;
  if (value instanceof Undefined) return false;
  const length = valueLength(value);
  return length === undefined || length > 0;
}

/** How many items a value has; undefined for what has no length. A text has code points. */
export function valueLength(value: Value): number | undefined {
  if (typeof value === 'string') return codePointCount(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Markup) return codePointCount(value.text);
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Range) return value.length;
  if (value instanceof Undefined) return 0;
  const length: unknown = value instanceof Thing ? (value as { readonly length?: number }).length : undefined;
  return typeof length === 'number' ? length : undefined;
}

const SURROGATE = /[\ud800-\udfff]/;

/** `len(text)`: Python counts code points, JavaScript UTF-16 units. */
export function codePointCount(text: string): number {
  if (!SURROGATE.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** A text as something that can be indexed by code points. */
export const codePoints = (text: string): string | readonly string[] =>
  SURROGATE.test(text) ? [...text] : text;

/** The items of a value, one by one. @throws TemplateProblem  for what can't be gone through */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value) || typeof value === 'string' || value instanceof Lazy)
    return value as Iterable<Value>;
  if (value instanceof Markup) return Array.from(value.text, (character) => new Markup(character));
  if (value instanceof Tuple) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof DictView) return value.list();
  if (value instanceof Range) return Array.from({ length: value.length }, (_, i) => value.at(i));
  if (value instanceof Undefined) return [];
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** Whether `for` may go over a value, as the test `iterable` says. */
export const isIterable = (value: Value): boolean =>
  isText(value) ||
  Array.isArray(value) ||
  [Lazy, Tuple, Dict, DictView, Range, Undefined].some((kind) => value instanceof kind);

/** All items of a value. */
export function listed(value: Value, work: Work): Value[] {
  const items: Value[] = [];
  for (const item of iterate(value)) {
    work.spend();
    items.push(item);
  }
  work.items(items.length);
  return items;
}

/** A number: Python's int is a bigint, its float a number. */
export type Numeric = bigint | number;

/** A number, a bool being one; else undefined. */
export function numeric(value: Value): Numeric | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined;
}

/** The items of a list or a tuple. */
export const sequenceOf = (value: Value): readonly Value[] | undefined =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
