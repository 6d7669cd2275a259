import { integerBelow, type Uniform, uniforms } from '../../base/random.ts';

/** A question that has a right answer, both as text. */
export interface Puzzle {
  readonly prompt: string;
  readonly answer: string;
}

/** A source of random numbers in (0, 1), one after another. */
export type Draw = () => number;

/** Puzzles of one kind: Ye et al. 2025, "Beyond autoregression: discrete diffusion for complex reasoning and planning". */
export interface PuzzleKind {
  /** What it is about, in a sentence. */
  readonly summary: string;
  /** Another puzzle. @param held  of those that are held out for tests, where the kind tells them apart by what they are */
  readonly make: (draw: Draw, held: boolean) => Puzzle;
  /** Whether a text answers the question, by the rules, not by comparing it with the known answer. */
  readonly isSolved: (prompt: string, answer: string) => boolean;
}

/** Puzzles for learning or for tests: the same for the same seed, and number i is the same however many are asked for. */
export function* puzzles(
  kind: PuzzleKind,
  { count, seed, held = false }: { readonly count: number; readonly seed: number; readonly held?: boolean },
): Generator<Puzzle, void, void> {
  for (let i = 0; i < count; i++)
    yield kind.make(drawing(uniforms(seed, 'synthetic', Number(held), i)), held);
}

function drawing(uniform: Uniform): Draw {
  let position = 0;
  return () => uniform(position++);
}

/** One of the items, each as likely. */
export const oneOf = <Item>(items: readonly Item[], draw: Draw): Item =>
  items[integerBelow(items.length, draw())];

/** One of the items, each as likely as its weight says. */
export function weighted<Item>(items: readonly (readonly [item: Item, weight: number])[], draw: Draw): Item {
  let left = draw() * items.reduce((sum, [, weight]) => sum + weight, 0);
  return (items.find(([, weight]) => (left -= weight) < 0) ?? items[items.length - 1])[0];
}

/** The same items in random order. Fisher and Yates. */
export function shuffledBy<Item>(items: readonly Item[], draw: Draw): Item[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = integerBelow(i + 1, draw());
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
