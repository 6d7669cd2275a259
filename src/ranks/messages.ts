import { deserialize, serialize } from 'node:v8';
import type { Ranks } from './ranks.ts';

/** What ranks tell each other, as bytes: what a program may clone, numbers that aren't finite among it. */
export const pack = (value: unknown): Uint8Array => serialize(value);

/** What another process packed; the processes of one job trust each other. */
export const unpack = <T>(bytes: Uint8Array): T => deserialize(bytes) as T;

/** What rank 0 comes to by some work, which the others don't do. Collective. */
export async function ofFirst<Result>(ranks: Ranks, work: () => Promise<Result>): Promise<Result> {
  if (ranks.size === 1) return work();
  return unpack(await ranks.broadcast(ranks.rank === 0 ? pack(await work()) : new Uint8Array(0)));
}
