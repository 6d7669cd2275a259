import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../../base/errors.ts';
import { pack, unpack } from '../../ranks/messages.ts';
import { type Ranks, shareOf } from '../../ranks/ranks.ts';
import { requireSame } from '../../ranks/require-same.ts';
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
  | { readonly kind: 'validate'; readonly step: number; readonly windows: number | undefined }
  | { readonly kind: 'end' };

/** What a rank tells of its share of a batch. */
export interface ShareReport {
  readonly costs: readonly Accumulated[];
  /** Whether it was asked to stop. */
  readonly stop: boolean;
}

/**
 * Makes the jobs of rank 0 where several ranks train together. To the run it is a job like any other; behind it the other
 * ranks (`follow`) hold the same network and compute their part of every batch.
 *
 * @param stop   is called when another rank was asked to stop
 * @param clock  milliseconds that never go back
 */
export function leading(
  make: CreateTrainingJob,
  given: Ranks,
  { stop, clock }: { readonly stop: () => void; readonly clock: () => number },
): CreateTrainingJob {
  const spent = { size: given.size, exchanging: 0, waiting: 0 };
  const timed: Timed = async (what, work) => {
    const beganMs = clock();
    const result = await work;
    spent[what] += (clock() - beganMs) / 1000;
    return result;
  };
  const ranks: Ranks = { ...given, sum: (data) => timed('exchanging', given.sum(data)) };
  const order = (given: Order): Promise<Uint8Array> => ranks.broadcast(pack(given));
  return async (options, directory, io) => {
    const share = sharesOut(options, ranks);
    const job = await make(options, directory, { ...io, ranks }).catch(async (error: unknown) => {
      await order({ kind: 'end' });
      throw error;
    });
    await order({ kind: 'begin', options, directory });
    await compareRanks(job, ranks);
    return { ...jobOfAll(job, { ranks, order, share, timed, stop }), spent: () => spent };
  };
}

/** Waits for work, and counts how long. */
type Timed = <R>(what: 'exchanging' | 'waiting', work: Promise<R>) => Promise<R>;

/** A job of which the other ranks do their part as well. */
function jobOfAll(
  job: TrainingJob,
  {
    ranks,
    order,
    share,
    timed,
    stop,
  }: {
    readonly ranks: Ranks;
    readonly order: (given: Order) => Promise<unknown>;
    readonly share: readonly [number, number];
    readonly timed: Timed;
    readonly stop: () => void;
  },
): TrainingJob {
  const { learner, validate } = job;
  return {
    ...job,
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
      const mine = await accumulateEach(learner, job.batches(step, share));
      const reports = await timed('waiting', shareReports(ranks, { costs: mine, stop: false }));
      if (reports.some((report) => report.stop)) stop();
      return totalCost(reports.flatMap(({ costs }) => costs));
    },
    validate:
      validate &&
      (async (step, windows, signal) => {
        await order({ kind: 'validate', step, windows });
        try {
          return await validate(step, windows, signal);
        } catch (error) {
          if (isCalledOff(error)) stop();
          throw error;
        }
      }),
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
}

/** @throws InvalidOptionError  where a batch can't be shared out over the ranks */
export function sharesOut({ accumulate }: TrainingOptions, ranks: Ranks): [number, number] {
  try {
    return shareOf(accumulate, ranks);
  } catch (error) {
    throw new InvalidOptionError('accumulate', (error as Error).message, accumulate);
  }
}

/** Tells the others what this rank's share of an update cost, and hears what theirs did. */
export const shareReports = async (ranks: Ranks, mine: ShareReport): Promise<ShareReport[]> =>
  (await ranks.gather(pack(mine))).map((bytes) => unpack<ShareReport>(bytes));

/** Whether a rank was asked to stop while all worked. */
export const isCalledOff = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

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
  await requireSame(ranks, {
    ...Object.fromEntries(
      data.files.map(({ path, sha256 }) => [`the SHA-256 of ${path}`, sha256.slice(0, 12)]),
    ),
    'the count of what is read': data.counts,
    'the SHA-256 of the weights': hash.digest('hex').slice(0, 12),
  });
}
