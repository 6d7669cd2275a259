import { Worker } from 'node:worker_threads';
import { type Engine, PortEngine } from './engine.ts';
import type { WorkerData } from './worker.ts';

/**
 * The engine that is served: a worker thread with the models in it.
 *
 * @param watch  how long it may give no sign of life
 */
export function startEngine(
  data: WorkerData,
  onDeath: (error: Error) => void,
  watch?: ConstructorParameters<typeof PortEngine>[3],
): Engine {
  return new PortEngine(
    () => new Worker(new URL('./worker.js', import.meta.url), { workerData: data }),
    (worker) => (worker as Worker).terminate(),
    onDeath,
    watch,
  );
}
