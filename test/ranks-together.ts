import { alone, type Ranks } from '../src/ranks/ranks.ts';

/** Ranks of this process that speak to each other by promises. */
export function ranksTogether(size: number): Ranks[] {
  let waiting: {
    readonly rank: number;
    readonly bytes: Uint8Array;
    readonly go: (all: Uint8Array[]) => void;
  }[] = [];
  const gather = (rank: number, bytes: Uint8Array): Promise<Uint8Array[]> =>
    new Promise((go) => {
      waiting.push({ rank, bytes, go });
      if (waiting.length < size) return;
      const all = waiting.toSorted((a, b) => a.rank - b.rank);
      waiting = [];
      for (const one of all) one.go(all.map((given) => given.bytes));
    });
  return Array.from({ length: size }, (_, rank) => ({
    ...alone,
    rank,
    size,
    gather: (bytes) => gather(rank, bytes),
    broadcast: async (bytes) => (await gather(rank, bytes))[0],
  }));
}
