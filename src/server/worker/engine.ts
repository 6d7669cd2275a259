import { quiet, quietTimer } from '../../base/quiet-timer.ts';
import {
  sharedNumber,
  type Failure,
  type FromWorker,
  type Job,
  type ModelFacts,
  type ModelState,
  type JobProgress,
  type Result,
  type ToWorker,
} from './protocol.ts';

/** What a job reports: progress any number of times, then its result or why there is none. */
export type JobEvent =
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly progress: JobProgress; readonly result: Result }
  | { readonly type: 'failed'; readonly failure: Failure };

/** A job under way. */
export interface RunningJob {
  /** One reader takes them. Texts that it has not taken are merged; of the process every step is kept, and where many wait the job does. */
  readonly events: AsyncIterable<JobEvent>;
  /** The job is over, and its place is free. Never rejects. */
  readonly over: Promise<void>;
  /** Ends it within one step; its last event is a failure. */
  cancel(): void;
}

/** What the server knows of a model. */
export interface ModelStatus {
  readonly state: ModelState;
  readonly facts?: ModelFacts;
  readonly problem?: string;
  /** Until when it stays if nobody uses it, in milliseconds since 1970; unknown before it was used. */
  readonly restsUntilMs?: number;
}

/** Writes texts somewhere else than on this thread. */
export interface Engine {
  start(job: Job): RunningJob;
  load(model: string): void;
  /** A model more, or another under a name that is known. */
  add(model: string, path: string): void;
  /** Has a model stay loaded for so long once nobody uses it. */
  keep(model: string, ms: number): void;
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
/** How often the other side is asked whether it is there, and how long it may not be: a forward of a large network is long. */
const usualWatch = { pingMs: 5000, blockedMs: 120_000, openingMs: 600_000 };
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
  /** The job that the other side is at, and when it was asked for a sign of life that it has not given. */
  #at: Int32Array = sharedNumber();
  #askedMs: number | undefined;
  readonly #watch: typeof usualWatch;
  readonly #timer: ReturnType<typeof setInterval>;
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
    watch = usualWatch,
  ) {
    this.#open = open;
    this.#release = release;
    this.#onDeath = onDeath;
    this.#watch = watch;
    this.#timer = quiet(setInterval(() => this.#look(), watch.pingMs));
    this.#begin();
  }

  start(job: Job): RunningJob {
    const id = this.#nextId++;
    const over = withResolvers();
    const reader: Reader = { queue: [], wake: () => {}, end: over.resolve };
    this.#readers.set(id, reader);
    if (this.#port) this.#post({ type: 'start', id, job });
    else this.#receive({ type: 'failed', id, failure: restarting });
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

  keep(model: string, ms: number): void {
    this.#post({ type: 'keep', model, ms });
  }

  status(model: string): ModelStatus {
    return this.#states.get(model) ?? { state: 'unloaded' };
  }

  changed(): Promise<void> {
    return this.#onChange.promise;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    if (!this.#port) return;
    const closed = withResolvers();
    this.#onClosed = closed.resolve;
    this.#post({ type: 'close' });
    // a thread that is deep in one forward is not waited for
    const timer = setTimeout(closed.resolve, closeMs);
    await closed.promise;
    clearTimeout(timer);
    const late = new Promise((resolve) => quietTimer(() => resolve(undefined), closeMs));
    await Promise.race([this.#release(this.#port), late]);
  }

  /** Nothing where the other side is being restarted: it has forgotten what this is about. */
  #post(message: ToWorker): void {
    const port = this.#port;
    port?.postMessage(message);
  }

  #begin(): void {
    const opened = this.#open();
    this.#port = opened;
    this.#askedMs = undefined;
    this.#at = sharedNumber();
    this.#post({ type: 'watch', at: this.#at });
    for (const [model, path] of this.#added) this.#post({ type: 'add', model, path });
    opened.on('message', (message) => this.#port === opened && this.#receive(message));
    opened.on('error', (error) => this.#port === opened && this.#died(error));
    opened.on('exit', () => this.#port === opened && this.#died(new Error('the thread of the models ended')));
  }

  #receive(message: FromWorker): void {
    if (message.type === 'closed') return this.#onClosed();
    if (message.type === 'pong') {
      this.#askedMs = undefined;
      return;
    }
    if (message.type === 'rests') {
      const { model, untilMs } = message;
      this.#states.set(model, { ...this.status(model), restsUntilMs: untilMs });
      return;
    }
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

  /** Asks the other side for a sign of life; where it has given none for too long it is at fault, and what it is at is named. */
  #look(): void {
    const port = this.#port;
    if (!port || this.#isClosing) return;
    const now = performance.now();
    if (this.#askedMs === undefined) {
      this.#askedMs = now;
      return this.#post({ type: 'ping' });
    }
    const { blockedMs, openingMs } = this.#watch;
    const isOpening = [...this.#states.values()].some(({ state }) => state === 'loading');
    const mostMs = isOpening ? openingMs : blockedMs;
    if (now - this.#askedMs < mostMs) return undefined;
    const seconds = Math.round(mostMs / 1000);
    const message = `the request kept the models from all others for ${seconds} s, and was stopped: its text, or what the model brings along for reading it, takes too long`;
    this.#receive({ type: 'failed', id: this.#at[0], failure: { kind: 'blocking', message } });
    this.#died(new Error(`the thread of the models gave no sign of life for ${seconds} s`), restarting);
    void this.#release(port);
  }

  #died(error: Error, failure = internal('the engine stopped')): void {
    if (!this.#port || this.#isClosing) return;
    this.#port = undefined;
    for (const [id] of this.#readers) this.#receive({ type: 'failed', id, failure });
    for (const [name, status] of this.#states) this.#states.set(name, { ...status, state: 'unloaded' });
    this.#announce();
    this.#onDeath(error);
    const waitMs = restartMs[Math.min(this.#deaths, restartMs.length - 1)];
    this.#deaths += 1;
    quietTimer(() => !this.#isClosing && this.#begin(), waitMs);
  }

  #announce(): void {
    this.#onChange.resolve();
    this.#onChange = withResolvers();
  }
}

const internal = (message: string): Failure => ({ kind: 'internal', message });
const restarting: Failure = { kind: 'restarting', message: 'the models are being started again' };

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
