import type { ComparisonOperator } from './nodes.ts';
import { typeError } from './problems.ts';
import { isIterable, iterate, valueLength, numeric, sequenceOf } from './sequences.ts';
import { Dict, DictView, isText, plain, Range, typeName, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

/** Python's `==`: numbers by value, whatever their types; lists, tuples and dicts by what is in them. */
export function equals(a: Value, b: Value, work: Work): boolean {
  work.spend();
  if (a === b && typeof a !== 'number') return true;
  const [x, y] = [numeric(a), numeric(b)];
  // a bigint and a number are compared by what they are
  if (x !== undefined && y !== undefined) return x <= y && !(x < y);
  if (isText(a) && isText(b)) return plain(a) === plain(b);
  const [items, others] = [sequenceOf(a), sequenceOf(b)];
  if (items && others)
    return (
      Array.isArray(a) === Array.isArray(b) &&
      items.length === others.length &&
      items.every((item, i) => equals(item, others[i], work))
    );
  if (a instanceof Dict && b instanceof Dict)
    return (
      a.size === b.size &&
      [...a.entries()].every(([key, value]) => {
        const other = b.get(key);
        return other !== undefined && equals(value, other, work);
      })
    );
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Range && b instanceof Range)
    return (
      a.length === b.length &&
      (a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step)))
    );
  return a === b;
}

/** Negative where `a` comes before `b`. @throws TemplateProblem  for what has no order */
export function order(a: Value, b: Value, work: Work): number {
  work.spend();
  for (const value of [a, b]) if (value instanceof Undefined) throw value.problem();
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x >= y ? 0 : Number.NaN;
  if (isText(a) && isText(b)) return orderOfTexts(plain(a), plain(b));
  const [items, others] = [sequenceOf(a), sequenceOf(b)];
  if (items && others && Array.isArray(a) === Array.isArray(b)) {
    for (const [i, item] of items.entries()) {
      if (i >= others.length) return 1;
      if (!equals(item, others[i], work)) return order(item, others[i], work);
    }
    return items.length - others.length;
  }
  throw typeError(`'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** By code points, which JavaScript's own order is not. */
function orderOfTexts(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i === a.length || i === b.length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xe000;
  return isHigh(x) === isHigh(y) ? x - y : isHigh(x) ? 1 : -1;
}

/** The value of a comparison. @throws TemplateProblem  for values that have no order */
export function compareValues(operator: ComparisonOperator, a: Value, b: Value, work: Work): boolean {
  work.lookThrough(Math.min(sizeOf(a), sizeOf(b)));
  switch (operator) {
    case '==':
      return equals(a, b, work);
    case '!=':
      return !equals(a, b, work);
    case '<':
      return order(a, b, work) < 0;
    case '<=':
      return order(a, b, work) <= 0;
    case '>':
      return order(a, b, work) > 0;
    case '>=':
      return order(a, b, work) >= 0;
    case 'in':
      return contains(b, a, work);
    case 'not in':
      return !contains(b, a, work);
    default:
      return operator satisfies never;
  }
}

/** About how much there is to look at. */
const sizeOf = (value: Value): number =>
  typeof value === 'string' ? value.length : (valueLength(value) ?? 1);

/** Whether a value is in another: a part of a text, a key of a dict, an item. */
export function contains(container: Value, item: Value, work: Work): boolean {
  work.lookThrough(sizeOf(container));
  if (isText(container)) {
    if (isText(item)) return plain(container).includes(plain(item));
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof DictView && container.part === 'keys') return container.dict.has(item);
  for (const each of iterateFor(container)) {
    if (equals(each, item, work)) return true;
  }
  return false;
}

function iterateFor(container: Value): Iterable<Value> {
  if (isIterable(container)) return iterate(container);
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
}
