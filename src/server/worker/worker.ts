// The thread of the models: the main thread starts it, see engine.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { createModel } from '../../language-model/create-model.ts';
import type { LoadOptions } from '../../model-files/open-model.ts';
import { threadsAside } from './long-texts.ts';
import { serveJobs } from './model-thread.ts';
import { openServed } from './open-served.ts';

/** What the main thread tells its worker at birth. */
export interface WorkerData {
  /** Path by name. */
  readonly paths: ReadonlyMap<string, string>;
  readonly options: Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;
  readonly idleMs: number;
}

const { paths, options, idleMs } = workerData as WorkerData;
const { texts, constraints } = threadsAside(options);
serveJobs(
  parentPort!,
  paths,
  async (path) => {
    for (const threads of [texts, constraints]) threads.forget();
    const parts = await openServed(path, options);
    return createModel({ ...parts, compile: (wanted, signal) => constraints.ask({ path, wanted }, signal) });
  },
  { idleMs, texts },
);
