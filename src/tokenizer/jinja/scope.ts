import type { Value } from './values.ts';

/** Names that are seen in a part of a template; those of the parts around it are seen, too, and stay as they are. */
export class Scope {
  readonly #names = new Map<string, Value>();
  readonly #around: Scope | undefined;
  readonly #unassigned: ReadonlySet<string>;
  /** A block sees what is assigned around it, and behind what isn't yet what the template was given. */
  readonly #isBlock: boolean;

  /** @param unassigned  names that are of this part, and aren't assigned yet */
  constructor(around?: Scope, unassigned: readonly string[] = [], isBlock = false) {
    this.#around = around;
    this.#unassigned = new Set(unassigned);
    this.#isBlock = isBlock;
  }

  /** Undefined for what has no value here. */
  get(name: string, isOutside = false): Value | undefined {
    const value = this.#names.get(name);
    if (value !== undefined) return value;
    if (!isOutside && this.#unassigned.has(name)) return undefined;
    return this.#around?.get(name, isOutside || this.#isBlock);
  }

  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }
}
