import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import type { CallName, Calls, FromPageWorker, Report, ToPageWorker } from './protocol.ts';
import { receivedError } from '../base/sent-errors.ts';

/** A worker as this side has it: `Worker`, or something that behaves so. */
export interface WorkerLike {
  postMessage(message: ToPageWorker): void;
  addEventListener(type: 'message', listener: (event: { readonly data: FromPageWorker }) => void): void;
  addEventListener(
    type: 'error' | 'messageerror',
    listener: (event: { readonly message?: string }) => void,
  ): void;
  terminate(): void;
}

/** How a call is followed. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Is given what is reported; of a frame it says whether the text goes on. */
  readonly onReport?: (report: Report) => Promise<boolean> | boolean | void;
  /** What it does goes on after its result, and is reported: files of a model that are read once they are needed. Default: false. */
  readonly goesOn?: boolean;
  /** Whether frames are wanted. Default: false. */
  readonly watched?: boolean;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onReport: CallOptions['onReport'];
}

/** Calls what the worker can do. When the worker dies, all that waits for it fails with one sentence. */
export class WorkerClient {
  readonly #send: (message: ToPageWorker) => void;
  readonly #terminate: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #end: Error | undefined;

  /** @param endOf  the sentence of a worker that dies, of what is known of the cause */
  constructor(
    worker: WorkerLike,
    endOf: (cause: string) => string = (cause) =>
      `the worker of the model ended${cause}: load the model again`,
  ) {
    const port = worker;
    this.#send = (message) => port.postMessage(message);
    this.#terminate = () => worker.terminate();
    worker.addEventListener('message', ({ data }) => this.#receive(data));
    for (const type of ['error', 'messageerror'] as const)
      worker.addEventListener(type, ({ message }) => this.end(endOf(message ? ` (${message})` : '')));
  }

  configure(engine: Extract<ToPageWorker, { type: 'configure' }>['engine']): void {
    this.#send({ type: 'configure', engine });
  }

  async call<Name extends CallName>(
    name: Name,
    given: Calls[Name]['given'],
    { signal, onReport, goesOn = false, watched = false }: CallOptions = {},
  ): Promise<Calls[Name]['result']> {
    signal?.throwIfAborted();
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const cancel = () => this.#send({ type: 'cancel', id });
    try {
      const result = await new Promise<Calls[Name]['result']>((resolve, reject) => {
        this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, onReport });
        signal?.addEventListener('abort', cancel, { once: true });
        this.#post({ type: 'call', id, name, given, watched });
      });
      if (!goesOn) this.#waiting.delete(id);
      return result;
    } catch (error) {
      this.#waiting.delete(id);
      // what was called off is told with the caller's own reason
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Ends the worker; what waits for it fails. */
  end(why: string): void {
    this.#end ??= new UnsupportedError(why);
    this.#terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#end);
  }

  #post(message: ToPageWorker): void {
    try {
      this.#send(message);
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === 'DataCloneError')) throw cause;
      throw new InvalidOptionError(
        'request',
        "can't have functions of your own: they can't be sent to the worker; open the model with openModelFrom in a worker of yours",
        undefined,
      );
    }
  }

  #receive(message: FromPageWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if (message.type === 'result') waiting.resolve(message.result);
    else if (message.type === 'error') waiting.reject(receivedError(message.error));
    else void this.#report(message.id, message.report, waiting);
  }

  async #report(id: number, report: Report, { onReport, reject }: Waiting): Promise<void> {
    try {
      const goesOn = (await onReport?.(report)) !== false;
      if (report.kind === 'frame' || report.kind === 'event') this.#send({ type: 'seen', id, goesOn });
    } catch (error) {
      this.#send({ type: 'cancel', id });
      reject(error);
    }
  }
}
