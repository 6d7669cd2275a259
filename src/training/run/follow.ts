import type { NdArray } from '../../base/array.ts';
import { sizeOf } from '../../base/array.ts';
import { invariant } from '../../base/errors.ts';
import { unpack } from '../../ranks/messages.ts';
import type { Ranks } from '../../ranks/ranks.ts';
import { accumulateEach } from '../loop.ts';
import { compareRanks, isCalledOff, type Order, shareReports, sharesOut } from './lead.ts';
import type { CreateTrainingJob, JobIo, TrainingJob } from './training-job.ts';

/**
 * What every rank but the first does: holds the network, computes its part of every batch and of every validation, and updates
 * with the gradient of all. It reads the data, and writes and prints nothing.
 *
 * @param io  its signal asks the whole job to stop after the present update
 */
export async function followRun(make: CreateTrainingJob, ranks: Ranks, io: JobIo): Promise<void> {
  let job: TrainingJob | undefined;
  let share: [number, number] | undefined;
  const present = (): TrainingJob => {
    invariant(job, 'rank 0 begins before it trains');
    return job;
  };
  try {
    for (;;) {
      const order = unpack<Order>(await ranks.broadcast(new Uint8Array(0)));
      switch (order.kind) {
        case 'begin':
          share = sharesOut(order.options, ranks);
          // it is asked to stop between two updates only
          job = await make(order.options, order.directory, {
            ...io,
            signal: new AbortController().signal,
            ranks,
          });
          await compareRanks(job, ranks);
          break;
        case 'restore':
          present().learner.restore(await receiveState(order.tensors, ranks));
          break;
        case 'accumulate': {
          const { learner, batches } = present();
          const costs = await accumulateEach(learner, batches(order.step, share));
          await shareReports(ranks, { costs, stop: io.signal.aborted });
          break;
        }
        case 'validate':
          await present().validate!(order.step, order.windows, io.signal).catch((error: unknown) => {
            if (!isCalledOff(error)) throw error;
          });
          break;
        case 'update':
          await present().learner.update(order.learningRate);
          break;
        case 'end':
          return;
        default:
          order satisfies never;
      }
    }
  } finally {
    await job?.close();
  }
}

async function receiveState(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  ranks: Ranks,
): Promise<ReadonlyMap<string, NdArray>> {
  const state = new Map<string, NdArray>();
  for (const { name, shape } of tensors) {
    const bytes = await ranks.broadcast(new Uint8Array(0));
    invariant(bytes.length === 4 * sizeOf(shape), `${name} arrives whole`);
    state.set(name, { shape, data: new Float32Array(bytes.slice().buffer) });
  }
  return state;
}
