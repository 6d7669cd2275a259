import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../../base/errors.ts';
import { packageVersion } from '../../base/package-root.ts';
import { type Ranks, shareOf } from '../../ranks/ranks.ts';
import { accumulateEach, type Accumulated, totalCost } from '../loop.ts';
import type { TrainingOptions } from '../options.ts';
import type { CreateTrainingJob, TrainingJob } from './training-job.ts';

/** What rank 0, which runs the training loop, tells the others to do with their copies of the network. */
export type Order =
  | { readonly kind: 'begin'; readonly options: TrainingOptions; readonly directory: string }
  /** The learner's state follows, tensor by tensor. */
  | {
      readonly kind: 'restore';
      readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
    }
  | { readonly kind: 'accumulate'; readonly step: number }
  | { readonly kind: 'update'; readonly learningRate: number }
  | { readonly kind: 'end' };

/** What a rank tells of its share of a batch. */
export interface ShareReport {
  readonly costs: readonly Accumulated[];
  /** Whether it was asked to stop. */
  readonly stop: boolean;
}

export const pack = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
export const unpack = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder().decode(bytes)) as T;

/**
 * Makes the jobs of rank 0 where several ranks train together. To the run it is a job like any other; behind it the other
 * ranks (`follow`) hold the same network and compute their part of every batch.
 *
 * @param stop  is called when another rank was asked to stop
 */
export function leading(make: CreateTrainingJob, ranks: Ranks, stop: () => void): CreateTrainingJob {
  const order = (given: Order) => ranks.broadcast(pack(given));
  return async (options, directory, io) => {
    const share = sharesOut(options, ranks);
    const job = await make(options, directory, { ...io, ranks }).catch(async (error: unknown) => {
      await order({ kind: 'end' });
      throw error;
    });
    await order({ kind: 'begin', options, directory });
    await compareRanks(job, ranks);
    const { learner } = job;
    return {
      ...job,
      batches: (step, part) => job.batches(step, part),
      learner: {
        accumulate: (batch, signal) => learner.accumulate(batch, signal),
        async update(learningRate) {
          await order({ kind: 'update', learningRate });
          return learner.update(learningRate);
        },
        state: () => learner.state(),
        restore: (state) => learner.restore(state),
        close: () => learner.close(),
      },
      async accumulate(step) {
        await order({ kind: 'accumulate', step });
        const reports = await shareReports(job, ranks, { step, share, stop: false });
        if (reports.some((report) => report.stop)) stop();
        return totalCost(reports.flatMap(({ costs }) => costs));
      },
      async restored() {
        const state = learner.state();
        const tensors = Array.from(state, ([name, { shape }]) => ({ name, shape }));
        await order({ kind: 'restore', tensors });
        for (const { data } of state.values())
          await ranks.broadcast(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      },
      async close() {
        await order({ kind: 'end' });
        await job.close();
      },
    };
  };
}

/** @throws InvalidOptionError  where a batch can't be shared out over the ranks */
export function sharesOut({ accumulate }: TrainingOptions, ranks: Ranks): [number, number] {
  try {
    return shareOf(accumulate, ranks);
  } catch (error) {
    throw new InvalidOptionError('accumulate', (error as Error).message, accumulate);
  }
}

/** Accumulates this rank's share of an update, and says what all shares cost. */
export async function shareReports(
  job: TrainingJob,
  ranks: Ranks,
  {
    step,
    share,
    stop,
  }: { readonly step: number; readonly share: readonly [number, number]; readonly stop: boolean },
): Promise<ShareReport[]> {
  const costs = await accumulateEach(job.learner, job.batches(step, share));
  return (await ranks.gather(pack({ costs, stop } satisfies ShareReport))).map((bytes) =>
    unpack<ShareReport>(bytes),
  );
}

/**
 * What has to be the same on all ranks before the first step, so that they don't train apart without a word.
 *
 * @throws InvalidOptionError  on every rank, with the first rank that differs and what differs
 */
export async function compareRanks({ data, learner }: TrainingJob, ranks: Ranks): Promise<void> {
  const hash = createHash('sha256');
  for (const [name, { data }] of learner.state()) {
    hash.update(name);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const mine: Record<string, string> = {
    'the version of unmask': packageVersion(),
    data: JSON.stringify([data.files.map(({ sha256 }) => sha256), data.counts]),
    weights: hash.digest('hex').slice(0, 12),
  };
  const all = (await ranks.gather(pack(mine))).map((bytes) => unpack<typeof mine>(bytes));
  for (const [rank, theirs] of all.entries())
    for (const [what, value] of Object.entries(theirs))
      if (value !== all[0][what])
        throw new InvalidOptionError(
          'distributed',
          `needs ranks that train the same; rank ${rank} has another idea of ${what} than rank 0`,
          value.slice(0, 80),
        );
}
