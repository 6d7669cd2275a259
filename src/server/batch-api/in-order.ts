/**
 * Works on items side by side, and hands on what comes of them in their order.
 *
 * @param most    items that are worked on at once
 * @param window  items that may be taken before the first of them is done. Default: 64 times as many
 * @param work    of an item. The first rejection ends all, when what was begun is over
 * @param hand    is given one result after the other
 */
export async function inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  { most, window = 64 * most }: { readonly most: number; readonly window?: number },
  work: (item: Item) => Promise<Result>,
  hand: (result: Result) => Promise<void>,
): Promise<void> {
  const source = items[Symbol.asyncIterator]();
  const finished = new Map<number, Result>();
  let [taken, handed] = [0, 0];
  const end = new AbortController();
  let handing = Promise.resolve();
  let announce = (): void => {};
  let changed = Promise.resolve();

  async function handOn(): Promise<void> {
    for (; finished.has(handed); handed++) {
      const result = finished.get(handed)!;
      finished.delete(handed);
      await hand(result);
    }
    announce();
    changed = new Promise((resolve) => (announce = resolve));
  }

  async function worker(): Promise<void> {
    try {
      while (!end.signal.aborted) {
        if (taken - handed >= window) {
          await changed;
          continue;
        }
        // a generator answers in the order in which it is asked
        const index = taken++;
        const { done, value } = await source.next();
        if (done) return;
        finished.set(index, await work(value));
        handing = handing.then(handOn);
        await handing;
      }
    } finally {
      end.abort();
      announce();
    }
  }

  const workers = await Promise.allSettled(Array.from({ length: most }, worker));
  await source.return?.();
  for (const outcome of workers) if (outcome.status === 'rejected') throw outcome.reason;
}
