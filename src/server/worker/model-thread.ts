import type { Model } from '../../language-model/language-model.ts';
import { failureOf, runJob } from './jobs.ts';
import { type FromWorker, type Job, merged, type JobProgress, type ToWorker } from './protocol.ts';
import { ModelPool } from './model-pool.ts';

/** A port as both kinds of them have it. */
export interface Port<In, Out> {
  postMessage(message: Out): void;
  on(event: 'message', listener: (message: In) => void): unknown;
}

/** A job that is being written. */
interface Running {
  readonly stop: AbortController;
  /** Whether the reader has taken what was sent. */
  isReady: boolean;
  /** What the reader hasn't been sent; steps that it is too slow for are merged here. */
  pending: JobProgress | undefined;
}

/**
 * Runs jobs for the other side of a port, with models that are loaded from `paths` by name. Of each job at most one report is under way: the next is sent when the reader has
 * taken the last, and until then steps are merged into one. So a slow reader costs no more than a fast one.
 */
export function serveJobs(
  port: Port<ToWorker, FromWorker>,
  paths: ReadonlyMap<string, string>,
  load: (path: string) => Promise<Model>,
  { idleMs }: { idleMs: number },
): void {
  const running = new Map<number, Running>();
  const shelf = new ModelPool(paths, load, {
    idleMs,
    tell: (model, state, more) => port.postMessage({ type: 'model', model, state, ...more }),
  });

  function flush(id: number, mine: Running): void {
    if (!mine.isReady || !mine.pending) return;
    port.postMessage({ type: 'progress', id, progress: mine.pending });
    mine.isReady = false;
    mine.pending = undefined;
  }

  async function run(id: number, job: Job): Promise<void> {
    const mine: Running = { stop: new AbortController(), isReady: true, pending: undefined };
    const { signal } = mine.stop;
    running.set(id, mine);
    const emit = (progress: JobProgress): void => {
      if (job.view === 'nothing') return;
      if (progress.text === '' && progress.tokens.length === 0 && !progress.frame && !progress.snapshot)
        return;
      mine.pending = mine.pending ? merged(mine.pending, progress) : progress;
      flush(id, mine);
    };
    try {
      const result = await shelf.use(job.model, (model) => {
        signal.throwIfAborted();
        return runJob(model, job, { signal, emit });
      });
      port.postMessage({ type: 'done', id, progress: mine.pending ?? { text: '', tokens: [] }, result });
    } catch (error) {
      port.postMessage({ type: 'failed', id, failure: failureOf(error, signal) });
    } finally {
      running.delete(id);
    }
  }

  port.on('message', (message) => {
    switch (message.type) {
      case 'load':
        void shelf.use(message.model, async () => {}).catch(() => {}); // its state was told
        break;
      case 'add':
        shelf.add(message.model, message.path);
        break;
      case 'start':
        void run(message.id, message.job);
        break;
      case 'more': {
        const mine = running.get(message.id);
        if (!mine) break;
        mine.isReady = true;
        flush(message.id, mine);
        break;
      }
      case 'cancel':
        running.get(message.id)?.stop.abort();
        break;
      case 'close':
        for (const { stop } of running.values()) stop.abort();
        void shelf.close().then(() => port.postMessage({ type: 'closed' }));
        break;
      default:
        message satisfies never;
    }
  });
}
