import { Worker } from 'node:worker_threads';
import type {
  Failure,
  FromWorker,
  Job,
  ModelFacts,
  ModelState,
  JobProgress,
  Result,
  ToWorker,
} from './protocol.ts';
import type { WorkerData } from './worker.ts';

/** What a job reports: progress any number of times, then its result or why there is none. */
export type JobEvent =
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly progress: JobProgress; readonly result: Result }
  | { readonly type: 'failed'; readonly failure: Failure };

/** A job under way. */
export interface RunningJob {
  /** One reader takes them; what is not taken is merged, not kept. */
  readonly events: AsyncIterable<JobEvent>;
  /** The job is over, and its place is free. Never rejects. */
  readonly over: Promise<void>;
  /** Ends it within one step; its last event is a failure. */
  cancel(): void;
}

export interface ModelStatus {
  readonly state: ModelState;
  readonly facts?: ModelFacts;
  readonly problem?: string;
}

/** Writes texts somewhere else than on this thread. */
export interface Engine {
  start(job: Job): RunningJob;
  load(model: string): void;
  /** A model more, or another under a name that is known. */
  add(model: string, path: string): void;
  status(model: string): ModelStatus;
  /** Resolves when the state of a model changes. */
  changed(): Promise<void>;
  close(): Promise<void>;
}

/** What an engine talks to: a worker, or one side of a channel. */
export interface EnginePort {
  postMessage(message: ToWorker): void;
  on(event: 'message', listener: (message: FromWorker) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
}

interface Reader {
  readonly queue: JobEvent[];
  wake: () => void;
  end: () => void;
}

const closeMs = 5000;
/** Restarts wait so long after the first, second … death in a row. */
const restartMs = [1000, 2000, 4000, 8000, 16_000, 30_000];

/** An engine over a port. When the other side dies, what it was writing fails, and another is opened after a while. */
export class PortEngine implements Engine {
  readonly #open: () => EnginePort;
  readonly #release: (port: EnginePort) => Promise<unknown>;
  readonly #onDeath: (error: Error) => void;
  readonly #readers = new Map<number, Reader>();
  readonly #states = new Map<string, ModelStatus>();
  /** What another thread has to be told, too. */
  readonly #added = new Map<string, string>();
  #port: EnginePort | undefined;
  #nextId = 0;
  #deaths = 0;
  #isClosing = false;
  #onChange = withResolvers();
  #onClosed = (): void => {};

  /**
   * @param open     starts the other side
   * @param release  waits for its end
   */
  constructor(
    open: () => EnginePort,
    release: (port: EnginePort) => Promise<unknown>,
    onDeath: (error: Error) => void = () => {},
  ) {
    this.#open = open;
    this.#release = release;
    this.#onDeath = onDeath;
    this.#begin();
  }

  start(job: Job): RunningJob {
    const id = this.#nextId++;
    const over = withResolvers();
    const reader: Reader = { queue: [], wake: () => {}, end: over.resolve };
    this.#readers.set(id, reader);
    if (this.#port) this.#post({ type: 'start', id, job });
    else this.#receive({ type: 'failed', id, failure: internal('the engine is restarting') });
    return {
      events: read(reader, () => this.#post({ type: 'more', id })),
      over: over.promise,
      cancel: () => this.#post({ type: 'cancel', id }),
    };
  }

  load(model: string): void {
    this.#post({ type: 'load', model });
  }

  add(model: string, path: string): void {
    this.#added.set(model, path);
    this.#states.delete(model);
    this.#post({ type: 'add', model, path });
  }

  status(model: string): ModelStatus {
    return this.#states.get(model) ?? { state: 'unloaded' };
  }

  changed(): Promise<void> {
    return this.#onChange.promise;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (!this.#port) return;
    const closed = withResolvers();
    this.#onClosed = closed.resolve;
    this.#post({ type: 'close' });
    // a thread that is deep in one forward is not waited for
    const timer = setTimeout(closed.resolve, closeMs);
    await closed.promise;
    clearTimeout(timer);
    await this.#release(this.#port);
  }

  /** Nothing where the other side is being restarted: it has forgotten what this is about. */
  #post(message: ToWorker): void {
    const port = this.#port;
    port?.postMessage(message);
  }

  #begin(): void {
    const opened = this.#open();
    this.#port = opened;
    for (const [model, path] of this.#added) this.#post({ type: 'add', model, path });
    opened.on('message', (message) => this.#receive(message));
    opened.on('error', (error) => this.#died(error));
    opened.on('exit', () => this.#port === opened && this.#died(new Error('the thread of the models ended')));
  }

  #receive(message: FromWorker): void {
    if (message.type === 'closed') return this.#onClosed();
    if (message.type === 'model') {
      const { model, state, problem } = message;
      const facts = message.facts ?? this.#states.get(model)?.facts;
      this.#states.set(model, { state, problem, facts });
      this.#deaths = 0;
      return this.#announce();
    }
    const reader = this.#readers.get(message.id);
    if (!reader) return;
    reader.queue.push(message);
    reader.wake();
    if (message.type !== 'progress') {
      this.#readers.delete(message.id);
      reader.end();
    }
  }

  #died(error: Error): void {
    if (!this.#port || this.#isClosing) return;
    this.#port = undefined;
    for (const [id] of this.#readers)
      this.#receive({ type: 'failed', id, failure: internal('the engine stopped') });
    for (const [name, status] of this.#states) this.#states.set(name, { ...status, state: 'unloaded' });
    this.#announce();
    this.#onDeath(error);
    const waitMs = restartMs[Math.min(this.#deaths, restartMs.length - 1)];
    this.#deaths += 1;
    setTimeout(() => !this.#isClosing && this.#begin(), waitMs).unref();
  }

  #announce(): void {
    this.#onChange.resolve();
    this.#onChange = withResolvers();
  }
}

const internal = (message: string): Failure => ({ kind: 'internal', message });

/** The engine that is served: a worker thread with the models in it. */
export function startEngine(data: WorkerData, onDeath: (error: Error) => void): Engine {
  return new PortEngine(
    () => new Worker(new URL('./worker.js', import.meta.url), { workerData: data }),
    (worker) => (worker as Worker).terminate(),
    onDeath,
  );
}

async function* read(reader: Reader, more: () => void): AsyncGenerator<JobEvent, void, void> {
  for (;;) {
    const event = reader.queue.shift();
    if (!event) {
      await new Promise<void>((resolve) => (reader.wake = resolve));
      continue;
    }
    yield event;
    if (event.type !== 'progress') return;
    more();
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
