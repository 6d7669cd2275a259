import { iterate } from './sequences.ts';
import { intOf } from './parameters.ts';
import { TemplateProblem, TemplateRefusal, typeError, valueError } from './problems.ts';
import { toText } from './repr.ts';
import { strftime } from './strftime.ts';
import { Callable, Dict, Namespace, type NamedValues, Range, Thing, Tuple, type Value } from './values.ts';
import type { Work } from './work.ts';

/** What every template has, as Jinja and transformers give it. */
export function globals(now: Date, work: Work): ReadonlyMap<string, Value> {
  const functions: Readonly<Record<string, Callable['call']>> = {
    range: (given) => range(given.map(intOf)),
    dict: (given, named) => dict(given, named),
    namespace: (given, named) => new Namespace(dict(given, named)),
    cycler: (given) => new Cycler(given),
    joiner: ([separator = ', ']) => new Joiner(separator),
    lipsum: () => {
      throw new TemplateProblem('LimitError', 'lipsum, and a template has to give the same text each time');
    },
    raise_exception: ([message = '']) => {
      throw new TemplateRefusal(toText(message, work));
    },
    strftime_now: ([format = '']) => work.text(strftime(toText(format, work), now)),
  };
  return new Map(Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]));
}

function range(numbers: readonly number[]): Range {
  if (numbers.length === 0 || numbers.length > 3) throw typeError('range takes one to three numbers');
  const [first, stop, step = 1] = numbers.map((number) => {
    if (!Number.isSafeInteger(number)) throw valueError('a range of numbers that are too large');
    return BigInt(number);
  });
  return stop === undefined ? new Range(0n, first, 1n) : new Range(first, stop, BigInt(step));
}

function dict([from]: readonly Value[], named: NamedValues): Dict {
  const made = new Dict(from instanceof Dict ? from.entries() : []);
  if (from !== undefined && !(from instanceof Dict)) {
    for (const pair of iterate(from)) {
      const [key, value, ...more] = iterate(pair);
      if (value === undefined || more.length > 0) throw valueError('a dict is made of pairs');
      made.set(key, value);
    }
  }
  for (const [name, value] of named) made.set(name, value);
  return made;
}

class Cycler extends Thing {
  readonly typeName = 'Cycler';
  readonly #items: readonly Value[];
  #position = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) throw new TemplateProblem('RuntimeError', 'at least one item has to be provided');
    this.#items = items;
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.#items[this.#position];
      case 'items':
        return new Tuple(this.#items);
      case 'pos':
        return BigInt(this.#position);
      case 'next':
        return new Callable(name, () => {
          const item = this.#items[this.#position];
          this.#position = (this.#position + 1) % this.#items.length;
          return item;
        });
      case 'reset':
        return new Callable(name, () => {
          this.#position = 0;
          return null;
        });
      default:
        return undefined;
    }
  }

  toText(): string {
    return '<Cycler>';
  }
}

/** Gives nothing the first time it is called, and then the separator. */
class Joiner extends Thing {
  readonly typeName = 'Joiner';
  readonly #separator: Value;
  #used = false;

  constructor(separator: Value) {
    super();
    this.#separator = separator;
  }

  attribute(name: string): Value | undefined {
    if (name === 'sep') return this.#separator;
    return name === 'used' ? this.#used : undefined;
  }

  override get isCallable(): boolean {
    return true;
  }

  override call(): Value {
    if (this.#used) return this.#separator;
    this.#used = true;
    return '';
  }

  toText(): string {
    return '<Joiner>';
  }
}
