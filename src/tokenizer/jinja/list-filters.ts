import { getItem } from './attributes.ts';
import { type Filter, filter, type FilterContext } from './filter.ts';
import { arithmetic } from './arithmetic.ts';
import { equals, order } from './compare.ts';
import { iterate, valueLength, listed, truth } from './sequences.ts';
import { intOf, required, textParameter } from './parameters.ts';
import { TemplateProblem, typeError } from './problems.ts';
import { toText } from './repr.ts';
import {
  Dict,
  DictView,
  hashed,
  isText,
  Lazy,
  Markup,
  type NamedValues,
  orElse,
  plain,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts';
import type { Work } from './work.ts';

const problem = (what: string) => new TemplateProblem('FilterArgumentError', what);

/** What takes something out of an item: by an attribute such as `author.name` or `0`. */
type Getter = (item: Value) => Value;

function getter(attribute: Value, work: Work, usual: Value = null): Getter {
  const parts: readonly Value[] =
    attribute === null
      ? []
      : isText(attribute)
        ? plain(attribute)
            .split('.')
            .map((part) => (/^\d+$/.test(part) ? BigInt(part) : part))
        : [attribute];
  return (item) =>
    parts.reduce<Value>((at, part) => {
      const found = getItem(at, part, work);
      return usual !== null && found instanceof Undefined ? usual : found;
    }, item);
}

const withoutCase = (value: Value): Value => (isText(value) ? plain(value).toLowerCase() : value);

const caseIn = (isSensitive: Value): Getter => (truth(isSensitive) ? (value) => value : withoutCase);

function sorted(items: readonly Value[], key: Getter, reverse: boolean, work: Work): Value[] {
  const keyed = items.map((item) => [key(item), item] as const);
  return keyed.sort(([a], [b]) => (reverse ? order(b, a, work) : order(a, b, work))).map(([, item]) => item);
}

/** As `sort` and `max` order items: by several attributes where there are commas. */
function multiGetter(attribute: Value, caseSensitive: Value, work: Work): Getter {
  const attributes = isText(attribute) ? plain(attribute).split(',') : [attribute];
  const getters = attributes.map((each) => getter(each, work));
  const fold = caseIn(caseSensitive);
  return (item) => getters.map((get) => fold(get(item)));
}

const ordering = (name: string, isBetter: (sign: number) => boolean): [string, Filter] =>
  filter(name, { case_sensitive: false, attribute: null }, (value, given, { work }) => {
    const get = getter(given.attribute, work);
    const fold = caseIn(given.case_sensitive);
    let best: readonly [key: Value, item: Value] | undefined;
    for (const item of iterate(value)) {
      const key = fold(get(item));
      if (!best || isBetter(order(key, best[0], work))) best = [key, item];
    }
    return best ? best[1] : new Undefined('No aggregated item, sequence was empty.');
  });

/** `select`, `reject` and the two that look at an attribute. */
const choosing = (name: string, wanted: boolean, byAttribute: boolean): [string, Filter] => [
  name,
  (value, given, named, context) => new Lazy(choose(value, given, named, context, { wanted, byAttribute })),
];

function* choose(
  value: Value,
  given: readonly Value[],
  named: NamedValues,
  context: FilterContext,
  { wanted, byAttribute }: { readonly wanted: boolean; readonly byAttribute: boolean },
): Generator<Value> {
  if (!truth(value)) return;
  if (byAttribute && given.length === 0) throw problem('Missing parameter for attribute name');
  const get = byAttribute ? getter(given[0], context.work) : (item: Value) => item;
  const [name, ...rest] = byAttribute ? given.slice(1) : given;
  for (const item of iterate(value)) {
    context.work.spend();
    const it = get(item);
    const passes = name === undefined ? truth(it) : context.test(textParameter(name), it, rest, named);
    if (passes === wanted) yield item;
  }
}

function* mapped(
  value: Value,
  given: readonly Value[],
  named: NamedValues,
  context: FilterContext,
): Generator<Value> {
  if (!truth(value)) return;
  const { work } = context;
  const attribute = named.get('attribute');
  let change: Getter;
  if (given.length === 0 && attribute !== undefined) {
    for (const key of named.keys())
      if (key !== 'attribute' && key !== 'default') throw problem(`Unexpected keyword argument '${key}'`);
    change = getter(attribute, work, named.get('default') ?? null);
  } else {
    if (given.length === 0) throw problem('map requires a filter argument');
    const [name, ...rest] = given;
    change = (item) => context.filter(textParameter(name), item, rest, named);
  }
  for (const item of iterate(value)) {
    work.spend();
    yield change(item);
  }
}

function* batches(items: Iterable<Value>, size: number, fill: Value, work: Work): Generator<Value> {
  let batch: Value[] = [];
  for (const item of items) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    work.items(1);
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null && batch.length < size) {
    work.items(size);
    while (batch.length < size) batch.push(fill);
  }
  yield batch;
}

function* slices(items: readonly Value[], count: number, fill: Value, work: Work): Generator<Value> {
  if (count === 0) throw new TemplateProblem('ZeroDivisionError', 'integer division or modulo by zero');
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  for (let i = 0, from = 0; i < count; i++) {
    work.items(size + 1);
    const to = from + size + (i < longer ? 1 : 0);
    const slice = items.slice(from, to);
    yield fill !== null && i >= longer ? [...slice, fill] : slice;
    from = to;
  }
}

function* uniqueItems(value: Value, key: Getter, work: Work): Generator<Value> {
  const seen = new Set<unknown>();
  for (const item of iterate(value)) {
    work.spend();
    const hash = hashed(key(item));
    if (seen.has(hash)) continue;
    seen.add(hash);
    yield item;
  }
}

function grouped(value: Value, get: Getter, fold: Getter, work: Work): Value[] {
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sorted(listed(value, work), (each) => fold(get(each)), false, work)) {
    const key = fold(get(item));
    const last = groups.at(-1);
    if (last && equals(last.key, key, work)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ items }) => new Tuple([get(items[0]), items], ['grouper', 'list']));
}

function reversed(value: Value, work: Work): Value {
  if (isText(value)) {
    const text = [...plain(value)].toReversed().join('');
    return value instanceof Markup ? new Markup(text) : text;
  }
  const items = listed(value, work).toReversed();
  // what has no end to begin at is listed first
  return value instanceof Lazy ? items : new Lazy(items);
}

function last(value: Value, work: Work): Value {
  if (value instanceof Lazy) throw typeError("'generator' object is not reversible");
  return orElse(listed(value, work).at(-1), () => new Undefined('No last item, sequence was empty.'));
}

function dictSorted(value: Value, by: string, caseSensitive: Value, reverse: boolean, work: Work): Value[] {
  if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object is no dict`);
  if (by !== 'key' && by !== 'value') throw problem('You can only sort by either "key" or "value"');
  const fold = caseIn(caseSensitive);
  const items = Array.from(value.entries(), (entry) => new Tuple(entry));
  return sorted(items, (item) => fold((item as Tuple).items[by === 'key' ? 0 : 1]), reverse, work);
}

function joined(value: Value, separator: string, work: Work): string {
  let length = 0;
  const texts: string[] = [];
  for (const item of iterate(value)) {
    const text = toText(item, work);
    length += text.length + separator.length;
    work.characters(length);
    work.spend();
    texts.push(text);
  }
  return texts.join(separator);
}

const length = (name: string): [string, Filter] =>
  filter(name, {}, (value) => {
    const count = valueLength(value);
    if (count === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
    return BigInt(count);
  });

/** The filters of Jinja that are about several things. */
export const LIST_FILTERS: readonly (readonly [string, Filter])[] = [
  length('length'),
  length('count'),
  filter('list', {}, (value, _, { work }) => listed(value, work)),
  filter('first', {}, (value) => {
    for (const item of iterate(value)) return item;
    return new Undefined('No first item, sequence was empty.');
  }),
  filter('last', {}, (value, _, { work }) => last(value, work)),
  filter('reverse', {}, (value, _, { work }) => reversed(value, work)),
  filter('join', { d: '', attribute: null }, (value, { d, attribute }, { work }) => {
    const get = getter(attribute, work);
    const items = attribute === null ? value : Array.from(iterate(value), get);
    return joined(items, toText(d, work), work);
  }),
  filter('sum', { attribute: null, start: 0n }, (value, { attribute, start }, { work }) => {
    if (isText(start)) throw typeError("sum() can't sum strings");
    const get = getter(attribute, work);
    let sum: Value = start;
    for (const item of iterate(value)) sum = arithmetic('+', sum, get(item), work);
    return sum;
  }),
  ordering('min', (sign) => sign < 0),
  ordering('max', (sign) => sign > 0),
  filter(
    'sort',
    { reverse: false, case_sensitive: false, attribute: null },
    (value, { reverse, case_sensitive, attribute }, { work }) =>
      sorted(listed(value, work), multiGetter(attribute, case_sensitive, work), truth(reverse), work),
  ),
  filter(
    'dictsort',
    { case_sensitive: false, by: 'key', reverse: false },
    (value, { case_sensitive, by, reverse }, { work }) =>
      dictSorted(value, toText(by, work), case_sensitive, truth(reverse), work),
  ),
  filter('groupby', { attribute: required, default: null, case_sensitive: false }, (value, given, { work }) =>
    grouped(value, getter(given.attribute, work, given.default), caseIn(given.case_sensitive), work),
  ),
  filter(
    'unique',
    { case_sensitive: false, attribute: null },
    (value, { case_sensitive, attribute }, { work }) => {
      const [get, fold] = [getter(attribute, work), caseIn(case_sensitive)];
      return new Lazy(uniqueItems(value, (item) => fold(get(item)), work));
    },
  ),
  filter(
    'batch',
    { linecount: required, fill_with: null },
    (value, { linecount, fill_with }, { work }) =>
      new Lazy(batches(iterate(value), intOf(linecount), fill_with, work)),
  ),
  filter(
    'slice',
    { slices: required, fill_with: null },
    (value, given, { work }) =>
      new Lazy(slices(listed(value, work), intOf(given.slices), given.fill_with, work)),
  ),
  filter('items', {}, (value) => {
    if (value instanceof Undefined) return new Lazy([]);
    if (!(value instanceof Dict)) throw typeError('Can only get item pairs from a mapping.');
    return new Lazy(new DictView(value, 'items').list());
  }),
  ['map', (value, given, named, context) => new Lazy(mapped(value, given, named, context))],
  choosing('select', true, false),
  choosing('reject', false, false),
  choosing('selectattr', true, true),
  choosing('rejectattr', false, true),
  filter('random', {}, () => {
    throw new TemplateProblem('LimitError', 'random, and a template has to give the same text each time');
  }),
];
