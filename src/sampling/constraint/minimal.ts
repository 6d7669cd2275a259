import type { Automaton } from './automaton.ts';

/** The automaton of the same language with the fewest states (Hopcroft 1971), all of them of use, in order of first visit. */
export function minimal({ accepting, next }: Automaton): Automaton {
  // a state for "no text goes on", so that every byte leads somewhere
  const nowhere = accepting.length;
  const Q = nowhere + 1;
  const to = (q: number, byte: number): number => {
    const target = q === nowhere ? nowhere : next[q * 256 + byte];
    return target < 0 ? nowhere : target;
  };
  const before = sources(Q, to);
  const blocks = new Blocks(Q);
  blocks.split(Array.from({ length: nowhere }, (_, q) => q).filter((q) => accepting[q] === 1));

  const waiting = [0, 1].filter((block) => block < blocks.count).map((block) => [...blocks.members(block)]);
  for (let splitter = waiting.pop(); splitter; splitter = waiting.pop()) {
    for (let byte = 0; byte < 256; byte++) {
      const leading: number[] = [];
      for (const q of splitter) {
        const { starts, states } = before[byte];
        for (let k = starts[q]; k < starts[q + 1]; k++) leading.push(states[k]);
      }
      for (const [kept, made] of blocks.split(leading)) {
        const smaller = blocks.size(kept) < blocks.size(made) ? kept : made;
        waiting.push([...blocks.members(smaller)]);
      }
    }
  }
  return visited(accepting, to, blocks, blocks.of[nowhere]);
}

interface Sources {
  readonly starts: Int32Array;
  readonly states: Int32Array;
}

/** For each byte, the states that it leads to each state. */
function sources(Q: number, to: (q: number, byte: number) => number): Sources[] {
  return Array.from({ length: 256 }, (_, byte) => {
    const starts = new Int32Array(Q + 1);
    for (let q = 0; q < Q; q++) starts[to(q, byte) + 1] += 1;
    for (let q = 0; q < Q; q++) starts[q + 1] += starts[q];
    const states = new Int32Array(Q);
    const filled = starts.slice();
    for (let q = 0; q < Q; q++) states[filled[to(q, byte)]++] = q;
    return { starts, states };
  });
}

/** A partition of 0 … Q − 1 that is refined. */
class Blocks {
  readonly of: Int32Array;
  readonly #order: Int32Array;
  readonly #place: Int32Array;
  readonly #starts: number[] = [0];
  readonly #ends: number[];
  readonly #marked: number[] = [0];

  constructor(Q: number) {
    this.of = new Int32Array(Q);
    this.#order = Int32Array.from({ length: Q }, (_, q) => q);
    this.#place = this.#order.slice();
    this.#ends = [Q];
  }

  get count(): number {
    return this.#starts.length;
  }

  size(block: number): number {
    return this.#ends[block] - this.#starts[block];
  }

  members(block: number): Int32Array {
    return this.#order.subarray(this.#starts[block], this.#ends[block]);
  }

  /** Separates these from the others of their blocks; gives the blocks that were cut and those that were made. */
  split(these: readonly number[]): [kept: number, made: number][] {
    const touched = new Set<number>();
    for (const q of these) {
      const block = this.of[q];
      touched.add(block);
      const target = this.#starts[block] + this.#marked[block];
      if (this.#place[q] < target) continue; // named twice
      this.#swap(this.#place[q], target);
      this.#marked[block] += 1;
    }
    const cut: [number, number][] = [];
    for (const block of touched) {
      const middle = this.#starts[block] + this.#marked[block];
      this.#marked[block] = 0;
      if (middle === this.#ends[block]) continue;
      const made = this.count;
      this.#starts.push(this.#starts[block]);
      this.#ends.push(middle);
      this.#marked.push(0);
      this.#starts[block] = middle;
      for (const q of this.members(made)) this.of[q] = made;
      cut.push([block, made]);
    }
    return cut;
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#order[i], this.#order[j]];
    this.#order[i] = b;
    this.#order[j] = a;
    this.#place[b] = i;
    this.#place[a] = j;
  }
}

/** The automaton over the blocks that the start's block leads to, without the one from which no text goes on. */
function visited(
  accepting: Uint8Array,
  to: (q: number, byte: number) => number,
  blocks: Blocks,
  nowhere: number,
): Automaton {
  const numbers = new Map<number, number>([[blocks.of[0], 0]]);
  const states = [0];
  const next: number[] = [];
  for (let k = 0; k < states.length; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const target = to(states[k], byte);
      const block = blocks.of[target];
      if (block === nowhere) {
        next.push(-1);
        continue;
      }
      let number = numbers.get(block);
      if (number === undefined) {
        number = states.length;
        numbers.set(block, number);
        states.push(target);
      }
      next.push(number);
    }
  }
  return { accepting: Uint8Array.from(states, (q) => accepting[q]), next: Int32Array.from(next) };
}
