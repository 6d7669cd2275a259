import { equals } from './compare.ts';
import { codePoints, numeric } from './sequences.ts';
import { escapeHtml } from './html.ts';
import { formatBraces } from './text-format.ts';
import { bind, intOf, required } from './parameters.ts';
import { typeError, valueError } from './problems.ts';
import { textMethod } from './text-methods.ts';
import {
  Callable,
  Dict,
  DictView,
  isText,
  Markup,
  orElse,
  plain,
  Range,
  Thing,
  Tuple,
  typeName,
  Undefined,
  type NamedValues,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

/** What is undefined for want of an attribute or an item. */
const lacking = (object: Value, name: Value): Undefined =>
  new Undefined(`'${typeName(object)} object' has no attribute '${String(name)}'`);

/**
 * `object.name` of a template: an attribute of the type, as the methods of texts and dicts are, before an item of that name.
 * What would change a list or a dict is undefined, and so is what begins with an underline: the sandbox of transformers.
 */
export function getAttribute(object: Value, name: string, work: Work): Value {
  if (object instanceof Undefined) throw object.problem();
  return orElse(attribute(object, name, work), () =>
    orElse(item(object, name, work), () => lacking(object, name)),
  );
}

/** `object[key]` of a template: an item before an attribute. */
export function getItem(object: Value, key: Value, work: Work): Value {
  if (object instanceof Undefined) throw object.problem();
  const found = item(object, key, work);
  if (found !== undefined) return found;
  return orElse(isText(key) ? attribute(object, plain(key), work) : undefined, () => lacking(object, key));
}

/** `object|attr(name)`: an attribute, and no item. */
export const attributeOf = (object: Value, name: string, work: Work): Value => {
  if (object instanceof Undefined) throw object.problem();
  return orElse(attribute(object, name, work), () => lacking(object, name));
};

const MUTATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['list', new Set(['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'])],
  ['dict', new Set(['clear', 'pop', 'popitem', 'setdefault', 'update'])],
]);

function attribute(object: Value, name: string, work: Work): Value | undefined {
  const type = typeName(object);
  if (MUTATORS.get(type)?.has(name))
    return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`, 'SecurityError');
  if (object instanceof Thing) return object.attribute(name);
  if (name.startsWith('_')) return undefined;
  if (isText(object)) return formatMethod(object, name, work) ?? textMethod(object, name, work);
  if (object instanceof Dict) return dictMethod(object, name, work);
  if (object instanceof DictView) return name === 'mapping' ? object.dict : undefined;
  if (Array.isArray(object)) return listMethod(object, name, work);
  if (object instanceof Tuple) {
    const field = object.fields.indexOf(name);
    return field >= 0
      ? object.items[field]
      : name === 'copy'
        ? undefined
        : listMethod(object.items, name, work);
  }
  if (object instanceof Range) return rangeAttribute(object, name);
  const number = numeric(object);
  return number === undefined ? undefined : numberAttribute(number, name);
}

function item(object: Value, key: Value, work: Work): Value | undefined {
  if (object instanceof Dict) {
    // what can't be a key isn't there
    if (Array.isArray(key) || key instanceof Dict) return undefined;
    return object.get(key);
  }
  const index = numeric(key);
  if (typeof index !== 'bigint') return undefined;
  const at = Number(index);
  if (isText(object)) {
    const character = Array.prototype.at.call(pointsOf(object, work), at) as string | undefined;
    return object instanceof Markup && character !== undefined ? new Markup(character) : character;
  }
  if (Array.isArray(object)) return (object as readonly Value[]).at(at);
  if (object instanceof Tuple) return object.items.at(at);
  if (object instanceof Range) {
    const from = at < 0 ? at + object.length : at;
    return from >= 0 && from < object.length ? object.at(from) : undefined;
  }
  return undefined;
}

/** `object[start:stop:step]`. @throws TemplateProblem  for what has no order */
export function getSlice(object: Value, limits: readonly Value[], work: Work): Value {
  if (object instanceof Undefined) throw object.problem();
  const [start, stop, step] = limits.map((limit) => (limit === null ? undefined : intOf(limit)));
  if (step === 0) throw valueError('slice step cannot be zero');
  const { length } = sliceable(object, work);
  const indices = sliceIndices(length, start, stop, step ?? 1);
  if (isText(object)) {
    const points = codePoints(plain(object));
    work.lookThrough(indices.count);
    const part =
      indices.step === 1
        ? points.slice(indices.first, indices.first + indices.count)
        : taken(points, indices);
    const text = typeof part === 'string' ? part : part.join('');
    return object instanceof Markup ? new Markup(text) : text;
  }
  work.items(indices.count);
  const items = taken(sliceable(object, work) as readonly Value[], indices);
  return object instanceof Tuple ? new Tuple(items) : items;
}

function sliceable(object: Value, work: Work): { readonly length: number } {
  if (isText(object)) return pointsOf(object, work);
  if (Array.isArray(object)) return object as readonly Value[];
  if (object instanceof Tuple) return object.items;
  throw typeError(`'${typeName(object)}' object is not subscriptable`);
}

/** Every so many-th place from a first one on. */
interface Indices {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

function sliceIndices(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): Indices {
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const within = (index: number) => Math.min(Math.max(index < 0 ? index + length : index, lowest), highest);
  const first = start === undefined ? (step > 0 ? 0 : length - 1) : within(start);
  const end = stop === undefined ? (step > 0 ? length : -1) : within(stop);
  return { first, count: Math.max(0, Math.ceil((end - first) / step)), step };
}

const taken = <Item>(items: ArrayLike<Item>, { first, count, step }: Indices): Item[] =>
  Array.from({ length: count }, (_, i) => items[first + i * step]);

/** The characters of a text, looked through to find whether all are of one unit. */
function pointsOf(text: string | Markup, work: Work): string | readonly string[] {
  work.lookThrough(plain(text).length);
  const points = codePoints(plain(text));
  if (typeof points !== 'string') work.rewrite(points.length);
  return points;
}

/** `format` and `format_map` of a text: in one that is escaped, what is put in is escaped, too. */
function formatMethod(text: string | Markup, name: string, work: Work): Callable | undefined {
  if (name !== 'format' && name !== 'format_map') return undefined;
  const source = {
    attribute: (object: Value, name: string) => getAttribute(object, name, work),
    item: (object: Value, key: Value) => getItem(object, key, work),
  };
  const format = (list: readonly Value[], named: (name: string) => Value | undefined): Value => {
    if (typeof text === 'string') return formatBraces(text, { ...source, list, named }, work);
    return new Markup(formatBraces(text.text, { ...source, list, named }, work, escapeHtml));
  };
  if (name === 'format') return new Callable(name, (given, named) => format(given, (key) => named.get(key)));
  return new Callable(name, (given, named) => {
    const { mapping } = bind(name, { mapping: required }, given, named);
    if (!(mapping instanceof Dict)) throw typeError('format_map needs a dict');
    return format([], (key) => mapping.get(key));
  });
}

function dictMethod(dict: Dict, name: string, work: Work): Callable | undefined {
  const callable = (run: (given: readonly Value[], named: NamedValues) => Value) => new Callable(name, run);
  switch (name) {
    case 'keys':
    case 'values':
    case 'items':
      return callable((given, named) => {
        bind(name, {}, given, named);
        work.items(dict.size);
        return new DictView(dict, name);
      });
    case 'get':
      return callable((given, named) => {
        const { key, default: usual } = bind(name, { key: required, default: null }, given, named);
        return orElse(dict.get(key), () => usual);
      });
    case 'copy':
      return callable(() => new Dict(dict.entries()));
    case 'fromkeys':
      return callable((given, named) => {
        const { iterable, value } = bind(name, { iterable: required, value: null }, given, named);
        if (!Array.isArray(iterable)) throw typeError('fromkeys needs a list');
        return new Dict((iterable as readonly Value[]).map((key): [Value, Value] => [key, value]));
      });
    default:
      return undefined;
  }
}

function listMethod(items: readonly Value[], name: string, work: Work): Callable | undefined {
  const callable = (run: (value: Value) => Value) =>
    new Callable(name, (given, named) => run(bind(name, { value: required }, given, named).value));
  switch (name) {
    case 'count':
      return callable((value) => BigInt(items.filter((each) => equals(each, value, work)).length));
    case 'index':
      return callable((value) => {
        const at = items.findIndex((each) => equals(each, value, work));
        if (at < 0) throw valueError('the value is not in list');
        return BigInt(at);
      });
    case 'copy':
      return new Callable(name, () => [...items]);
    default:
      return undefined;
  }
}

function rangeAttribute(range: Range, name: string): Value | undefined {
  if (name === 'start' || name === 'stop' || name === 'step') return range[name];
  return undefined;
}

function numberAttribute(number: bigint | number, name: string): Value | undefined {
  const isInt = typeof number === 'bigint';
  switch (name) {
    case 'real':
      return number;
    case 'imag':
      return isInt ? 0n : 0;
    case 'numerator':
      return isInt ? number : undefined;
    case 'denominator':
      return isInt ? 1n : undefined;
    case 'conjugate':
      return new Callable(name, () => number);
    case 'is_integer':
      return isInt ? undefined : new Callable(name, () => Number.isInteger(number));
    case 'as_integer_ratio':
      return new Callable(name, () => ratio(number));
    case 'bit_length':
      return isInt
        ? new Callable(name, () =>
            BigInt(number === 0n ? 0 : (number < 0n ? -number : number).toString(2).length),
          )
        : undefined;
    case 'bit_count':
      return isInt
        ? new Callable(name, () =>
            BigInt((number < 0n ? -number : number).toString(2).replaceAll('0', '').length),
          )
        : undefined;
    default:
      return undefined;
  }
}

function ratio(number: bigint | number): Tuple {
  if (typeof number === 'bigint') return new Tuple([number, 1n]);
  if (!Number.isFinite(number)) throw valueError('cannot convert NaN or infinity to integer ratio');
  let [above, below] = [number, 1n];
  while (!Number.isInteger(above)) [above, below] = [above * 2, below * 2n];
  return new Tuple([BigInt(above), below]);
}
