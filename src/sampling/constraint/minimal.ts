import type { Automaton } from './automaton.ts';

/** Larger automata are left as they are: they come from counting, where every state counts. */
const maxReduced = 3000;

/**
 * The automaton of the same language with the fewest states (Hopcroft 1971), all of them of use, in order of first visit.
 * Of a large one only states of no use are left out.
 */
export function minimal(automaton: Automaton): Automaton {
  const merged = withFewestClasses(automaton);
  return merged.accepting.length > maxReduced ? useful(merged) : withFewestClasses(reduced(merged));
}

/** The automaton without states from which no text of the language goes on. */
function useful(automaton: Automaton): Automaton {
  const { accepting, classOf, classes: C, next } = automaton;
  const isUseful = accepting.slice();
  const before = sources(automaton);
  const waiting = [...accepting.keys()].filter((q) => accepting[q] === 1);
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    for (const { starts, states } of before) {
      for (let k = starts[state]; k < starts[state + 1]; k++) {
        if (isUseful[states[k]]) continue;
        isUseful[states[k]] = 1;
        waiting.push(states[k]);
      }
    }
  }
  isUseful[0] = 1;
  const numbers = new Int32Array(accepting.length).fill(-1);
  const kept = [...accepting.keys()].filter((q) => isUseful[q] === 1);
  for (const [number, q] of kept.entries()) numbers[q] = number;
  const table = new Int32Array(kept.length * C);
  for (const [number, q] of kept.entries())
    for (let c = 0; c < C; c++) table[number * C + c] = next[q * C + c] < 0 ? -1 : numbers[next[q * C + c]];
  return { accepting: Uint8Array.from(kept, (q) => accepting[q]), classOf, classes: C, next: table };
}

function reduced(automaton: Automaton): Automaton {
  const { accepting, classes: C, next } = automaton;
  // a state for "no text goes on", so that every byte leads somewhere
  const nowhere = accepting.length;
  const Q = nowhere + 1;
  const before = sources(automaton);
  const blocks = new Blocks(Q);
  blocks.split(Array.from({ length: nowhere }, (_, q) => q).filter((q) => accepting[q] === 1));

  const waiting = [0, 1]
    .filter((block) => block < blocks.count)
    .map((block) => blocks.members(block).slice());
  for (let splitter = waiting.pop(); splitter; splitter = waiting.pop()) {
    for (let c = 0; c < C; c++) {
      const { starts, states } = before[c];
      const leading: number[] = [];
      for (const q of splitter) for (let k = starts[q]; k < starts[q + 1]; k++) leading.push(states[k]);
      if (leading.length === 0) continue;
      for (const [kept, made] of blocks.split(leading)) {
        const smaller = blocks.size(kept) < blocks.size(made) ? kept : made;
        waiting.push(blocks.members(smaller).slice());
      }
    }
  }
  return visited(automaton, blocks, nowhere, next);
}

interface Sources {
  readonly starts: Int32Array;
  readonly states: Int32Array;
}

/** For each class of bytes, the states that it leads to each state; the last state is "no text goes on". */
function sources({ accepting, classes: C, next }: Automaton): Sources[] {
  const nowhere = accepting.length;
  const Q = nowhere + 1;
  return Array.from({ length: C }, (_, c) => {
    const to = new Int32Array(Q).fill(nowhere);
    for (let q = 0; q < nowhere; q++) {
      const target = next[q * C + c];
      if (target >= 0) to[q] = target;
    }
    const starts = new Int32Array(Q + 1);
    for (let q = 0; q < Q; q++) starts[to[q] + 1] += 1;
    for (let q = 0; q < Q; q++) starts[q + 1] += starts[q];
    const states = new Int32Array(Q);
    const filled = starts.slice();
    for (let q = 0; q < Q; q++) states[filled[to[q]]++] = q;
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
  { accepting, classOf, classes: C }: Automaton,
  blocks: Blocks,
  nowhere: number,
  next: Int32Array,
): Automaton {
  const numbers = new Int32Array(blocks.count).fill(-1);
  numbers[blocks.of[0]] = 0;
  const states = [0];
  const table: number[] = [];
  for (let k = 0; k < states.length; k++) {
    for (let c = 0; c < C; c++) {
      const target = next[states[k] * C + c];
      const block = blocks.of[target < 0 ? nowhere : target];
      if (block === blocks.of[nowhere]) {
        table.push(-1);
        continue;
      }
      if (numbers[block] < 0) numbers[block] = states.push(target) - 1;
      table.push(numbers[block]);
    }
  }
  return {
    accepting: Uint8Array.from(states, (q) => accepting[q]),
    classOf,
    classes: C,
    next: Int32Array.from(table),
  };
}

/** Classes of bytes that lead to the same states as one. */
function withFewestClasses({ accepting, classOf, classes: C, next }: Automaton): Automaton {
  const Q = accepting.length;
  const hashes = new Int32Array(C);
  for (let q = 0; q < Q; q++)
    for (let c = 0; c < C; c++) hashes[c] = Math.imul(hashes[c] ^ next[q * C + c], 0x01000193);
  const isSame = (c: number, d: number): boolean => {
    if (hashes[c] !== hashes[d]) return false;
    for (let q = 0; q < Q; q++) if (next[q * C + c] !== next[q * C + d]) return false;
    return true;
  };
  const kept: number[] = [];
  const merged = Int32Array.from({ length: C }, (_, c) => {
    const known = kept.findIndex((d) => isSame(c, d));
    return known >= 0 ? known : kept.push(c) - 1;
  });
  const table = new Int32Array(Q * kept.length);
  for (let q = 0; q < Q; q++)
    for (const [k, c] of kept.entries()) table[q * kept.length + k] = next[q * C + c];
  return { accepting, classOf: classOf.map((c) => merged[c]), classes: kept.length, next: table };
}
