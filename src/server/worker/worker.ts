// The thread of the models: the main thread starts it, see engine.ts.
import type { LoadOptions } from '../../model-files/open-model.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { load } from '../../language-model/load.ts';
import { longTexts } from './long-texts.ts';
import { serveJobs } from './model-thread.ts';

/** What the main thread tells its worker at birth. */
export interface WorkerData {
  /** Path by name. */
  readonly paths: ReadonlyMap<string, string>;
  readonly options: Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;
  readonly idleMs: number;
}

const { paths, options, idleMs } = workerData as WorkerData;
serveJobs(parentPort!, paths, (path) => load(path, options), { idleMs, texts: longTexts(options) });
