import { TemplateProblem, typeError } from './problems.ts';

/**
 * What a template computes with, as Python has it: int is a bigint and float a number, so that `1` and `1.0` differ; a list
 * is an array. A text counts code points.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | Markup
  | Tuple
  | Dict
  | DictView
  | Range
  | Lazy
  | Undefined
  | Callable
  | Thing;

/** A text that HTML escaping has been done to. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Python's tuple: a list that is equal to tuples alone. */
export class Tuple {
  readonly items: readonly Value[];
  /** Of some tuples the fields have names, too. */
  readonly fields: readonly string[];

  constructor(items: readonly Value[], fields: readonly string[] = []) {
    this.items = items;
    this.fields = fields;
  }
}

/** Keys are in the order in which they came; 1, 1.0 and True are one key. */
export class Dict {
  readonly #entries = new Map<unknown, readonly [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [key: Value, value: Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashed(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashed(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashed(key);
    const known = this.#entries.get(hash);
    // a key that is there keeps its own form: {1: 'a', True: 'b'} is {1: 'b'}
    this.#entries.set(hash, [known ? known[0] : key, value]);
  }

  entries(): Iterable<readonly [key: Value, value: Value]> {
    return this.#entries.values();
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), ([key]) => key);
  }
}

/** What `keys()`, `values()` and `items()` of a dict give. */
export class DictView {
  readonly dict: Dict;
  readonly part: 'keys' | 'values' | 'items';

  constructor(dict: Dict, part: DictView['part']) {
    this.dict = dict;
    this.part = part;
  }

  list(): Value[] {
    return Array.from(this.dict.entries(), ([key, value]) =>
      this.part === 'keys' ? key : this.part === 'values' ? value : new Tuple([key, value]),
    );
  }
}

/**
 * `range(start, stop, step)`, without its numbers.
 *
 * @throws TemplateProblem  for a step of 0 and more than 100,000 numbers
 */
export class Range {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;
  readonly length: number;

  constructor(start: bigint, stop: bigint, step: bigint) {
    if (step === 0n) throw new TemplateProblem('ValueError', 'range() arg 3 must not be zero');
    [this.start, this.stop, this.step] = [start, stop, step];
    const distance = step > 0n ? stop - start : start - stop;
    const size = step > 0n ? step : -step;
    const length = distance <= 0n ? 0n : (distance + size - 1n) / size;
    // as in Jinja's sandbox
    if (length > 100_000n) throw new TemplateProblem('OverflowError', 'a range of more than 100000 numbers');
    this.length = Number(length);
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }
}

/** What can be gone through once: `map`, `select` and their kin give their items so. */
export class Lazy {
  readonly #iterator: Iterator<Value>;

  constructor(items: Iterable<Value>) {
    this.#iterator = items[Symbol.iterator]();
  }

  next(): IteratorResult<Value> {
    return this.#iterator.next();
  }

  *[Symbol.iterator](): Generator<Value> {
    for (let item = this.next(); !item.done; item = this.next()) yield item.value;
  }
}

/** What isn't there. It can be printed, as nothing, gone through, and asked whether it is true. */
export class Undefined {
  readonly #why: string;
  readonly #kind: string;

  constructor(why: string, kind = 'UndefinedError') {
    this.#why = why;
    this.#kind = kind;
  }

  problem(): TemplateProblem {
    return new TemplateProblem(this.#kind, this.#why);
  }
}

/** Values by name: of keyword arguments, of variables. */
export type NamedValues = ReadonlyMap<string, Value>;

/** A function of the language. */
export class Callable {
  readonly name: string;
  readonly call: (given: readonly Value[], named: NamedValues) => Value;

  constructor(name: string, call: Callable['call']) {
    this.name = name;
    this.call = call;
  }
}

/** What has attributes of its own: a namespace, the loop, a macro. */
export abstract class Thing {
  abstract readonly typeName: string;

  /** Undefined where it has none of that name. */
  abstract attribute(name: string): Value | undefined;
  /** As it is printed. */
  abstract toText(repr: (value: Value) => string): string;

  call(_given: readonly Value[], _named: NamedValues): Value {
    throw typeError(`'${this.typeName}' object is not callable`);
  }

  get isCallable(): boolean {
    return false;
  }
}

/** `namespace(…)`: the one value whose attributes `set` may change. */
export class Namespace extends Thing {
  readonly typeName = 'Namespace';
  readonly #fields: Dict;

  constructor(fields: Dict) {
    super();
    this.#fields = fields;
  }

  attribute(name: string): Value | undefined {
    return this.#fields.get(name);
  }

  set(name: string, value: Value): void {
    this.#fields.set(name, value);
  }

  toText(repr: (value: Value) => string): string {
    return `<Namespace ${repr(this.#fields)}>`;
  }
}

/** Whether a value is a text, escaped or not. */
export const isText = (value: Value): value is string | Markup =>
  typeof value === 'string' || value instanceof Markup;

/** The characters of a value that is a text. */
export const plain = (text: string | Markup): string => (typeof text === 'string' ? text : text.text);

/** What Python calls the type of a value. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'str';
    default:
  }
  if (Array.isArray(value)) return 'list';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return `dict_${value.part}`;
  if (value instanceof Lazy) return 'generator';
  if (value instanceof Callable) return 'function';
  if (value instanceof Thing) return value.typeName;
  return value.constructor.name;
}

/** A value that may be missing, or another; None is not missing. */
export const orElse = (value: Value | undefined, otherwise: () => Value): Value =>
  value === undefined ? otherwise() : value;

/** What stands for a key in a table: equal for keys that are equal in Python. */
export function hashed(key: Value): unknown {
  if (key === null || typeof key === 'string' || typeof key === 'bigint') return key;
  if (typeof key === 'boolean') return key ? 1n : 0n;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key;
  if (key instanceof Markup) return key.text;
  if (key instanceof Undefined) return Undefined;
  if (key instanceof Tuple) return hashedTuple(key);
  if (Array.isArray(key) || key instanceof Dict) throw typeError(`unhashable type: '${typeName(key)}'`);
  return key;
}

function hashedTuple({ items }: Tuple): string {
  const text = items
    .map((item) => {
      const hash = hashed(item);
      return `${typeof hash}${String(hash).length}:${String(hash)}`;
    })
    .join(',');
  // tuples in tuples can be far longer than they take to be written
  if (text.length > 2 ** 16) throw new TemplateProblem('LimitError', 'a key of more than 65536 characters');
  return `\0(${text})`;
}

/** A value of JSON as one of the language. Numbers are ints where they are whole. */
export function fromJson(json: unknown): Value {
  switch (typeof json) {
    case 'number':
      return Number.isSafeInteger(json) ? BigInt(json) : json;
    case 'string':
    case 'boolean':
    case 'bigint':
      return json;
    case 'object': {
      if (json === null) return null;
      if (Array.isArray(json)) return json.map(fromJson);
      const entries = Object.entries(json).filter(([, value]) => value !== undefined);
      return new Dict(entries.map(([key, value]) => [key, fromJson(value)]));
    }
    default:
      return null;
  }
}
