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

/**
 * An engine over a port. When the other side dies, what it was writing fails, and another is opened after a while.
 *
 * @param open     starts the other side
 * @param release  waits for its end
 */
export function engineOver(
  open: () => EnginePort,
  release: (port: EnginePort) => Promise<unknown>,
  onDeath: (error: Error) => void = () => {},
): Engine {
  const readers = new Map<number, Reader>();
  const states = new Map<string, ModelStatus>();
  /** What another thread has to be told, too. */
  const added = new Map<string, string>();
  let nextId = 0;
  let deaths = 0;
  let isClosing = false;
  let port: EnginePort | undefined;
  let onChange = withResolvers();
  let onClosed = (): void => {};

  const announce = (): void => {
    onChange.resolve();
    onChange = withResolvers();
  };

  function receive(message: FromWorker): void {
    if (message.type === 'closed') return onClosed();
    if (message.type === 'model') {
      const { model, state, problem } = message;
      states.set(model, { state, problem, facts: message.facts ?? states.get(model)?.facts });
      deaths = 0;
      return announce();
    }
    const reader = readers.get(message.id);
    if (!reader) return;
    reader.queue.push(message);
    reader.wake();
    if (message.type !== 'progress') {
      readers.delete(message.id);
      reader.end();
    }
  }

  function died(error: Error): void {
    if (!port || isClosing) return;
    port = undefined;
    for (const [id] of readers)
      receive({ type: 'failed', id, failure: { kind: 'internal', message: 'the engine stopped' } });
    for (const [name, status] of states) states.set(name, { ...status, state: 'unloaded' });
    announce();
    onDeath(error);
    const wait = restartMs[Math.min(deaths, restartMs.length - 1)];
    deaths += 1;
    setTimeout(() => !isClosing && begin(), wait).unref();
  }

  function begin(): void {
    const opened = open();
    port = opened;
    for (const [model, path] of added) port?.postMessage({ type: 'add', model, path });
    opened.on('message', receive);
    opened.on('error', died);
    opened.on('exit', () => port === opened && died(new Error('the thread of the models ended')));
  }
  begin();

  return {
    start(job) {
      const id = nextId++;
      const over = withResolvers();
      const reader: Reader = { queue: [], wake: () => {}, end: over.resolve };
      readers.set(id, reader);
      if (port) port.postMessage({ type: 'start', id, job });
      else
        receive({ type: 'failed', id, failure: { kind: 'internal', message: 'the engine is restarting' } });
      return {
        events: read(reader, () => port?.postMessage({ type: 'more', id })),
        over: over.promise,
        cancel: () => port?.postMessage({ type: 'cancel', id }),
      };
    },
    load: (model) => port?.postMessage({ type: 'load', model }),
    add(model, path) {
      added.set(model, path);
      states.delete(model);
      port?.postMessage({ type: 'add', model, path });
    },
    status: (model) => states.get(model) ?? { state: 'unloaded' },
    changed: () => onChange.promise,
    async close() {
      isClosing = true;
      if (!port) return;
      const closed = withResolvers();
      onClosed = closed.resolve;
      port.postMessage({ type: 'close' });
      // a thread that is deep in one forward is not waited for
      const timer = setTimeout(closed.resolve, closeMs);
      await closed.promise;
      clearTimeout(timer);
      await release(port);
    },
  };
}

/** The engine that is served: a worker thread with the models in it. */
export function startEngine(data: WorkerData, onDeath: (error: Error) => void): Engine {
  return engineOver(
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
