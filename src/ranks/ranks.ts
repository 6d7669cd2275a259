/**
 * The processes of one job that train one model together, each with its own part of every batch. What a rank is called and
 * how ranks reach each other is the launcher's business: MPI's (`mpi.ts`), or nobody's where there is one.
 *
 * Every method but `abort` is collective: all ranks call it, in the same order.
 */
export interface Ranks {
  /** From 0. Rank 0 writes, prints and validates. */
  readonly rank: number;
  readonly size: number;
  /** Every rank's bytes, in the order of ranks; they may differ in length. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** What rank 0 gives; the others' bytes are not looked at. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
  /** Sums arrays of the same length over the ranks, in place, as `sumInOrder` does: the same bits on every rank. */
  sum(data: Float32Array): Promise<void>;
  /** Ends the job on all ranks, now. */
  abort(exitCode: number): void;
  /** Leaves the job; the others have to do so too. */
  close(): Promise<void>;
}

/** The only rank. */
export const alone: Ranks = {
  rank: 0,
  size: 1,
  gather: (bytes) => Promise.resolve([bytes]),
  broadcast: (bytes) => Promise.resolve(bytes),
  sum: () => Promise.resolve(),
  abort: () => {},
  close: () => Promise.resolve(),
};

/** The largest power of two below n; n > 1. */
const splitOf = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);

/**
 * The sum of arrays as a binary tree over their order, split at the largest power of two:
 *
 *     Σ(a_0 … a_{n−1}) = Σ(a_0 … a_{m−1}) + Σ(a_m … a_{n−1})        m = 2^⌈log₂ n⌉⁻¹
 *
 * So the sum of the sums of equal runs of a_i, of a power of two each, has the bits of the sum of all: a batch may be shared
 * out over ranks, or summed by one. The first array is written to.
 */
export function sumInOrder(arrays: readonly Float32Array[]): Float32Array {
  if (arrays.length === 1) return arrays[0];
  const middle = splitOf(arrays.length);
  const [left, right] = [sumInOrder(arrays.slice(0, middle)), sumInOrder(arrays.slice(middle))];
  for (let i = 0; i < left.length; i++) left[i] += right[i];
  return left;
}

/** `sumInOrder` of arrays that come one after the other, of which few are kept: those that wait for a partner. */
export class OrderedSum {
  #waiting: { readonly count: number; readonly arrays: readonly Float32Array[] }[] = [];

  /** Adds a term; its arrays may be written to from now on. */
  add(arrays: readonly Float32Array[]): void {
    let term = { count: 1, arrays };
    for (let last = this.#waiting.at(-1); last?.count === term.count; last = this.#waiting.at(-1)) {
      this.#waiting.pop();
      term = { count: 2 * term.count, arrays: added(last.arrays, term.arrays) };
    }
    this.#waiting.push(term);
  }

  /** The sum of all terms since the last one was taken; none: undefined. */
  take(): readonly Float32Array[] | undefined {
    const terms = this.#waiting.map(({ arrays }) => arrays);
    this.#waiting = [];
    return terms.length === 0 ? undefined : terms.reduceRight((sum, term) => added(term, sum));
  }
}

function added(to: readonly Float32Array[], from: readonly Float32Array[]): readonly Float32Array[] {
  for (const [k, array] of to.entries()) for (let i = 0; i < array.length; i++) array[i] += from[k][i];
  return to;
}

/**
 * The micro-batches of an update that are a rank's own: a run of them, as many for each.
 *
 * @returns  the first, and the one behind the last
 * @throws Error  a sentence, where they can't be shared out so that the sum keeps its order
 */
export function shareOf(
  microBatches: number,
  { rank, size }: Pick<Ranks, 'rank' | 'size'>,
): [number, number] {
  const each = microBatches / size;
  if (!Number.isInteger(each) || !Number.isInteger(Math.log2(each)))
    throw new Error(
      `${microBatches} micro-batches can't be shared out over ${size} ranks: each needs 1, 2, 4 or another power of two of them`,
    );
  return [rank * each, (rank + 1) * each];
}
