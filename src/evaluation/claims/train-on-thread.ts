import { Worker } from 'node:worker_threads';
import { receivedError, type SentError } from '../../base/sent-errors.ts';
import type { FinetuneRequest, TrainRequest } from '../../library/train.ts';

/** A run of `train`, or of `finetune` from a model and with rows, in the directory that its request names. */
export type ThreadTraining =
  | { readonly kind: 'train'; readonly request: TrainRequest }
  | {
      readonly kind: 'finetune';
      readonly from: string;
      readonly rows: readonly object[];
      readonly request: FinetuneRequest;
    };

/** To the thread: it is to save and stop. */
export interface ToTraining {
  readonly reason: string;
}

/** From the thread: what went wrong. */
export interface FromTraining {
  readonly error: SentError;
}

/**
 * Trains on a thread of its own: an update of a network keeps its thread busy, so that runs side by side need one each.
 * Settled when the run is whole, or was stopped by the signal and is saved.
 */
export function trainOnThread(training: ThreadTraining, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL('./training-thread.js', import.meta.url), {
    workerData: training,
    execArgv: [], // some of Node's own options, as --input-type, keep a thread from beginning with a file
  });
  const port: { postMessage(message: ToTraining): void } = worker;
  const stop = (): void => {
    port.postMessage({ reason: String(signal.reason?.message ?? signal.reason) });
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return new Promise<void>((resolve, reject) => {
    worker.once('message', ({ error }: FromTraining) => reject(receivedError(error)));
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  }).finally(() => signal.removeEventListener('abort', stop));
}
