import { pack, unpack } from './messages.ts';
import type { Ranks } from './ranks.ts';

/**
 * Does work on each item, shared out over the ranks; every rank is given all results, in the order of the items. Collective:
 * all ranks have the same items, and read on to the same place.
 *
 * @param perRank  items that a rank works on before results are exchanged: more of them wait less for each other, and lose more
 *                 where the job is ended
 */
export async function* sharedOut<Item, Result>(
  ranks: Ranks,
  items: Iterable<Item> | AsyncIterable<Item>,
  { perRank, work }: { readonly perRank: number; readonly work: (item: Item) => Promise<Result> },
): AsyncGenerator<Result, void, void> {
  if (ranks.size === 1) {
    for await (const item of items) yield await work(item);
    return;
  }
  for await (const round of roundsOf(items, ranks.size * perRank)) {
    const mine: Result[] = [];
    for (let i = ranks.rank; i < round.length; i += ranks.size) mine.push(await work(round[i]));
    const all = (await ranks.gather(pack(mine))).map((bytes) => unpack<Result[]>(bytes));
    for (const i of round.keys()) yield all[i % ranks.size][Math.floor(i / ranks.size)];
  }
}

async function* roundsOf<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[], void, void> {
  let round: Item[] = [];
  for await (const item of items) {
    round.push(item);
    if (round.length < size) continue;
    yield round;
    round = [];
  }
  if (round.length > 0) yield round;
}
