// The thread that trains a run of the claims, see train-on-thread.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { sentError } from '../../base/sent-errors.ts';
import { finetune, train } from '../../library/train.ts';
import type { FromTraining, ThreadTraining, ToTraining } from './train-on-thread.ts';

const training = workerData as ThreadTraining;
const port = parentPort!;
const post = (message: FromTraining): void => port.postMessage(message);

const stop = new AbortController();
port.on('message', ({ reason }: ToTraining) => stop.abort(new DOMException(reason, 'AbortError')));

try {
  const { signal } = stop;
  await (training.kind === 'train'
    ? train(training.request, { signal })
    : finetune(training.from, training.rows, training.request, { signal }));
} catch (error) {
  post({ error: sentError(error) });
} finally {
  port.close(); // which would keep the thread
}
