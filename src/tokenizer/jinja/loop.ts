import { equals } from './compare.ts';
import { iterate, valueLength } from './sequences.ts';
import { typeError } from './problems.ts';
import { Callable, Thing, Tuple, Undefined, type Value } from './values.ts';
import type { Work } from './work.ts';

/** What `loop` is within a loop. It looks at the next item only when it is asked for. */
export class LoopVariable extends Thing {
  readonly typeName = 'LoopContext';
  readonly #iterable: Value;
  #iterator: Iterator<Value>;
  readonly #depth0: number;
  /** Renders the loop's body for other items, of a recursive loop. */
  readonly #again: ((items: Value, depth0: number) => string) | undefined;
  readonly #work: Work;
  #index0 = -1;
  #length: number | undefined;
  #after: IteratorResult<Value> | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #lastChanged: Value | undefined;

  constructor(
    iterable: Value,
    work: Work,
    { depth0, again }: { readonly depth0: number; readonly again?: (items: Value, depth0: number) => string },
  ) {
    super();
    this.#iterable = iterable;
    this.#iterator = iterate(iterable)[Symbol.iterator]();
    this.#work = work;
    this.#depth0 = depth0;
    this.#again = again;
  }

  /** The next item of the loop. */
  next(): IteratorResult<Value> {
    const item = this.#after ?? this.#iterator.next();
    this.#after = undefined;
    if (item.done) return item;
    this.#index0++;
    this.#before = this.#current;
    this.#current = item.value;
    return item;
  }

  #peek(): IteratorResult<Value> {
    return (this.#after ??= this.#iterator.next());
  }

  get length(): number {
    this.#length ??= valueLength(this.#iterable) ?? this.#counted();
    return this.#length;
  }

  #counted(): number {
    const rest: Value[] = [];
    for (let item = this.#iterator.next(); !item.done; item = this.#iterator.next()) {
      this.#work.items(1);
      rest.push(item.value);
    }
    this.#iterator = rest.values();
    return rest.length + this.#index0 + 1 + (this.#after && !this.#after.done ? 1 : 0);
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index0 + 1);
      case 'index0':
        return BigInt(this.#index0);
      case 'revindex':
        return BigInt(this.length - this.#index0);
      case 'revindex0':
        return BigInt(this.length - this.#index0 - 1);
      case 'first':
        return this.#index0 === 0;
      case 'last':
        return this.#peek().done === true;
      case 'length':
        return BigInt(this.length);
      case 'depth':
        return BigInt(this.#depth0 + 1);
      case 'depth0':
        return BigInt(this.#depth0);
      case 'previtem':
        return this.#index0 === 0 ? new Undefined('there is no previous item') : this.#before;
      case 'nextitem': {
        const next = this.#peek();
        return next.done ? new Undefined('there is no next item') : next.value;
      }
      case 'cycle':
        return new Callable(name, (given) => {
          if (given.length === 0) throw typeError('no items for cycling given');
          return given[this.#index0 % given.length];
        });
      case 'changed':
        return new Callable(name, (given) => this.#changed(new Tuple(given)));
      default:
        return undefined;
    }
  }

  #changed(now: Tuple): boolean {
    if (this.#lastChanged !== undefined && equals(this.#lastChanged, now, this.#work)) return false;
    this.#lastChanged = now;
    return true;
  }

  override get isCallable(): boolean {
    return true;
  }

  override call(given: readonly Value[]): Value {
    if (!this.#again) throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    if (given.length !== 1) throw typeError('loop() takes the items to go through');
    return this.#again(given[0], this.#depth0 + 1);
  }

  toText(): string {
    return `<LoopContext ${this.#index0 + 1}/${this.length}>`;
  }
}
