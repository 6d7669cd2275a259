import { Worker } from 'node:worker_threads';
import type * as Ort from 'onnxruntime-node';
import type { EngineSession } from './engine.ts';
import {
  type FromSession,
  handedOver,
  type SentTensor,
  type ThreadBegin,
  type ToSession,
} from './thread-messages.ts';

/**
 * A session on a thread of its own. The engine prepares a graph in the thread that asks for it, minutes of work for a large one,
 * and several threads prepare several graphs at the same time. What it is fed and what it gives are copied once; what it is fed goes
 * to and fro in the same memory, as pages of memory that is new cost more than copying does.
 *
 * @throws Error  what the engine says of the graph
 */
export async function sessionOnThread(
  bytes: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<EngineSession> {
  const begin: ThreadBegin = { bytes, options };
  const thread = new Conversation(
    // without Node's own options: some, as --input-type, keep a thread from beginning with a file
    new Worker(new URL('./session-worker.js', import.meta.url), { workerData: begin, execArgv: [] }),
  );
  await thread.answer();
  return {
    async run(feeds: Ort.InferenceSession.FeedsType, fetches: Ort.InferenceSession.FetchesType) {
      const { sent, memory } = handedOver(feeds as Readonly<Record<string, SentTensor>>, (bytes) =>
        thread.memory(bytes),
      );
      const outputs = Object.keys(fetches);
      return (await thread.ask({ kind: 'run', feeds: sent, outputs }, memory)) as never;
    },
    async release() {
      await thread.ask({ kind: 'close' });
    },
  } as EngineSession;
}

interface Waiting {
  resolve(results: Readonly<Record<string, SentTensor>>): void;
  reject(reason: Error): void;
}

/** Questions to a thread, which answers them in their order. The program does not live on for it while none is open. */
class Conversation {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  /** Memory that came back from the latest run. */
  #kept: ArrayBuffer[] = [];
  #ended: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (message: FromSession) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (this.#waiting.length === 0) worker.unref();
      if (message.kind === 'done') {
        this.#kept = [...message.memory];
        resolve(message.results);
      } else reject(new Error(message.message));
    });
    worker.once('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    worker.once('exit', () => this.#end(new Error('its thread ended')));
  }

  /** Memory of at least so many bytes: the smallest that is kept, where there is one, and not far larger. */
  memory(bytes: number): ArrayBuffer {
    let best = -1;
    for (const [i, { byteLength }] of this.#kept.entries())
      if (
        byteLength >= bytes &&
        byteLength <= 2 * bytes &&
        byteLength < (this.#kept[best]?.byteLength ?? Infinity)
      )
        best = i;
    if (best >= 0) return this.#kept.splice(best, 1)[0];
    // what is fed grows from forward to forward
    return new ArrayBuffer(Math.ceil(1.25 * bytes));
  }

  /** What it says next. */
  answer(): Promise<Readonly<Record<string, SentTensor>>> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  ask(message: ToSession, memory: ArrayBuffer[] = []): Promise<Readonly<Record<string, SentTensor>>> {
    const answer = this.answer();
    this.#worker.postMessage(message, memory);
    return answer;
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
