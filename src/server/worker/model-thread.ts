import type { Model } from '../../language-model/language-model.ts';
import { failureOf, runJob } from './jobs.ts';
import type { LongTexts } from './long-texts.ts';
import {
  type FromWorker,
  type Job,
  type JobProgress,
  type TokensTask,
  type ToWorker,
  sharedNumber,
} from './protocol.ts';
import { ModelPool } from './model-pool.ts';
import { Outbox } from './outbox.ts';

/** A port as both kinds of them have it. */
export interface Port<In, Out> {
  postMessage(message: Out): void;
  on(event: 'message', listener: (message: In) => void): unknown;
}

/** A job that is being written. */
interface Running {
  readonly stop: AbortController;
  readonly outbox: Outbox;
}

/**
 * Runs jobs for the other side of a port, with models that are loaded from `paths` by name. Of each job at most one report is
 * under way: the next is sent when the reader has taken the last (`Outbox`). So a slow reader costs no more than a fast one.
 */
export function serveJobs(
  port: Port<ToWorker, FromWorker>,
  paths: ReadonlyMap<string, string>,
  load: (path: string) => Promise<Model>,
  { idleMs, texts }: { readonly idleMs: number; readonly texts?: LongTexts },
): void {
  const models = new ModelPool(paths, load, {
    idleMs,
    tell: (model, state, more) => port.postMessage({ type: 'model', model, state, ...more }),
    onRest: (model, restMs) => port.postMessage({ type: 'rests', model, untilMs: Date.now() + restMs }),
  });
  const thread = new ModelThread(port, models, texts);
  port.on('message', (message) => thread.receive(message));
}

class ModelThread {
  readonly #post: (message: FromWorker) => void;
  readonly #models: ModelPool;
  /** Where long texts are read; none where they are read here. */
  readonly #texts: LongTexts | undefined;
  readonly #running = new Map<number, Running>();
  /** The job that this thread is at, for who watches it: the last that began or made a step. */
  #at: Int32Array = sharedNumber();

  constructor(port: Port<ToWorker, FromWorker>, models: ModelPool, texts: LongTexts | undefined) {
    this.#post = (message) => port.postMessage(message);
    this.#models = models;
    this.#texts = texts;
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'load':
        return void this.#models.use(message.model, async () => {}).catch(() => {}); // its state was told
      case 'add':
        return this.#models.add(message.model, message.path);
      case 'keep':
        return this.#models.keep(message.model, message.ms);
      case 'start':
        return void this.#run(message.id, message.job);
      case 'more':
        return this.#running.get(message.id)?.outbox.taken();
      case 'cancel':
        return this.#running.get(message.id)?.stop.abort();
      case 'ping':
        return this.#post({ type: 'pong' });
      case 'watch':
        this.#at = message.at;
        return;
      case 'close':
        for (const { stop } of this.#running.values()) stop.abort();
        return void this.#models.close().then(() => this.#post({ type: 'closed' }));
      default:
        return message satisfies never;
    }
  }

  async #run(id: number, job: Job): Promise<void> {
    const stop = new AbortController();
    const { signal } = stop;
    const outbox = new Outbox(job.view, (progress) => this.#post({ type: 'progress', id, progress }));
    signal.addEventListener('abort', () => outbox.leave(), { once: true });
    this.#running.set(id, { stop, outbox });
    const emit = (progress: JobProgress): Promise<void> | undefined => {
      this.#at[0] = id;
      return outbox.put(progress);
    };
    try {
      const result = await this.#models.use(job.model, (model, path) => {
        signal.throwIfAborted();
        this.#at[0] = id;
        const texts = this.#texts;
        const readLong =
          texts && ((task: TokensTask, isCount: boolean) => texts.ask({ path, task, isCount }, signal));
        return runJob(model, job, { signal, emit, readLong });
      });
      this.#post({ type: 'done', id, progress: outbox.end(), result });
    } catch (error) {
      this.#post({ type: 'failed', id, failure: failureOf(error, signal) });
    } finally {
      this.#running.delete(id);
    }
  }
}
