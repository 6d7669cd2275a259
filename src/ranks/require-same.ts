import { InvalidOptionError, show } from '../base/errors.ts';
import { pack, unpack } from './messages.ts';
import type { Ranks } from './ranks.ts';

/**
 * Compares what has to be the same on all ranks, so that they don't work apart without a word. Collective.
 *
 * @param mine  by what a person calls it; undefined is as good as absent
 * @throws InvalidOptionError  on every rank, with the first rank that differs from rank 0, and in what
 */
export async function requireSame(ranks: Ranks, mine: Readonly<Record<string, unknown>>): Promise<void> {
  if (ranks.size === 1) return;
  const [first, ...others] = (await ranks.gather(pack(mine))).map((bytes) =>
    unpack<Record<string, unknown>>(bytes),
  );
  const shown = (value: unknown): string => (value === undefined ? 'absent' : show(value));
  for (const [index, theirs] of others.entries())
    for (const what of Object.keys({ ...first, ...theirs })) {
      const [ours, other] = [first[what], theirs[what]].map(shown);
      if (JSON.stringify(first[what]) === JSON.stringify(theirs[what])) continue;
      const problem = `needs ranks that work alike, and of rank ${index + 1} ${what} is ${other}, of rank 0 ${ours}`;
      throw new InvalidOptionError('distributed', problem, undefined);
    }
}
