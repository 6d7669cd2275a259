import { uniforms } from '../../src/base/random.ts';
import { oneOf, weighted } from '../../src/evaluation/planning/puzzle.ts';

/** Choices that follow from a seed alone, one after the other. */
export class Choices {
  readonly #uniform: (position: number) => number;
  #drawn = 0;

  constructor(seed: number, row: number) {
    this.#uniform = uniforms(seed, 'synthetic', 0, row);
  }

  /** In (0, 1). */
  next(): number {
    return this.#uniform(this.#drawn++);
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.next() < probability;
  }

  of<Item>(items: readonly Item[]): Item {
    return oneOf(items, () => this.next());
  }

  /** One of the keys, as often as its number says beside the others. */
  weighted<Item>(items: readonly (readonly [Item, number])[]): Item {
    return weighted(items, () => this.next());
  }
}
