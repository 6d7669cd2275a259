import { z } from 'zod';
import { kebabCase } from '../base/options.ts';
import { packageVersion } from '../base/package-root.ts';
import { findRanks } from '../ranks/mpi.ts';
import { alone, type Ranks } from '../ranks/ranks.ts';
import { requireSame } from '../ranks/require-same.ts';
import { type Io, UsageError } from './command.ts';

/** Where work is done: by all ranks of the job that `mpirun` or `srun` started, or by each process alone. */
export const distributed = z
  .enum(['auto', 'off'])
  .default('auto')
  .describe('whether the ranks of mpirun or srun do the work together');

type Distributed = z.output<typeof distributed>;

/** The ranks of the job; a rank that ends without leaving it ends the whole job, so that nobody waits for it. */
export async function joinRanks(distributed: Distributed, { env }: Pick<Io, 'env'>): Promise<Ranks> {
  if (distributed === 'off') return alone;
  const ranks = await findRanks(env);
  if (ranks.size === 1) return ranks;
  const leaves = (code: number): void => ranks.abort(code || 1);
  process.once('exit', leaves);
  return {
    ...ranks,
    async close() {
      await ranks.close();
      process.off('exit', leaves);
    },
  };
}

/**
 * Compares a command line on all ranks. Collective.
 *
 * @throws InvalidOptionError  on every rank, with the first that differs and in what
 */
export async function requireSameCommand(ranks: Ranks, command: string, options: object): Promise<void> {
  const asked = Object.entries(options).map(([key, value]) => [`--${kebabCase(key)}`, value] as const);
  await requireSame(ranks, { unmask: packageVersion(), command, ...Object.fromEntries(asked) });
}

/** @throws UsageError  in a job of several ranks, for what one process does */
export async function requireOneRank(what: string, io: Io): Promise<void> {
  const ranks = await findRanks(io.env);
  await ranks.close();
  if (ranks.size > 1) throw new UsageError(`${what} for one process; start it without mpirun or srun`);
}

/** The work of a command, done by all ranks, of which the first alone prints. */
export async function onRanks(
  distributed: Distributed,
  io: Io,
  work: (ranks: Ranks, io: Io) => Promise<void>,
): Promise<void> {
  const ranks = await joinRanks(distributed, io);
  const nobody = { write: () => true };
  await work(ranks, ranks.rank === 0 ? io : { ...io, stdout: nobody, stderr: nobody });
  await ranks.close();
}
