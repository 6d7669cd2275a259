import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranksTogether } from '../../test/ranks-together.ts';
import { ofFirst, pack, unpack } from './messages.ts';
import { alone } from './ranks.ts';
import { sharedOut } from './share-out.ts';

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('all ranks have all results in order, each done once, whatever the number of ranks and of items', async () => {
  for (const size of [1, 2, 3, 4])
    for (const perRank of [1, 2])
      for (const count of [0, 1, 5, 8, 13]) {
        const done: number[] = [];
        const work = async (item: number): Promise<number> => {
          done.push(item);
          return item === 3 ? Infinity : item * item;
        };
        const items = Array.from({ length: count }, (_, i) => i);
        const expected = items.map((item) => (item === 3 ? Infinity : item * item));
        const found = await Promise.all(
          ranksTogether(size).map((ranks) => allOf(sharedOut(ranks, items, { perRank, work }))),
        );
        for (const results of found) assert.deepEqual(results, expected, `${count} over ${size}`);
        assert.deepEqual(
          done.toSorted((a, b) => a - b),
          items,
        );
      }
});

test('what isn’t finite arrives as it is', () => {
  const costs = [{ loss: NaN, norm: -Infinity, least: -0, none: undefined }];
  assert.deepEqual(unpack(pack(costs)), costs);
});

test('what rank 0 comes to is known to all, and done by it alone', async () => {
  let times = 0;
  const work = async (): Promise<number> => ++times;
  assert.deepEqual(await Promise.all(ranksTogether(3).map((ranks) => ofFirst(ranks, work))), [1, 1, 1]);
  assert.equal(await ofFirst(alone, work), 2);
});
