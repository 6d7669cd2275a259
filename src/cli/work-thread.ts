import { getHeapStatistics } from 'node:v8';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { type FromWork, type ReportedWork, shapeOf, type ToWork } from './work-messages.ts';

/** Main's own streams. */
type Streams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;

/** What a command on a thread of its own is connected to, and how it is stopped. */
export interface WorkOptions {
  readonly streams: Streams;
  /** Aborted when the command is to end. */
  readonly signal: AbortSignal;
  /** A command that is told to end has so long, and so long in all where it saves something. */
  readonly graceMs?: number;
  readonly savingMs?: number;
  /** Ends the program, whatever it is doing: the thread had its time. */
  readonly die: () => void;
}

/**
 * Runs a command on a thread of its own. A network's forward or the opening of one can't be interrupted, and while one is
 * under way its thread hears nothing; this one always hears a signal, and sees that the program ends in time.
 *
 * @returns the exit code
 */
export function runOnThread(
  args: readonly string[],
  { streams, signal, graceMs = 3500, savingMs = 60_000, die }: WorkOptions,
): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const workerData: ReportedWork = {
    args,
    stdin: { isTTY: stdin.isTTY },
    stdout: shapeOf(stdout),
    stderr: shapeOf(stderr),
  };
  const worker = new Worker(new URL('./work.js', import.meta.url), {
    workerData,
    env: SHARE_ENV,
    // as much as this thread may have
    resourceLimits: { maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20) },
  });
  const port: { postMessage(message: ToWork): void } = worker;
  const post = (message: ToWork): void => port.postMessage(message);
  for (const stream of [stdout, stderr])
    stream.on('resize', () => post({ kind: 'shape', stdout: shapeOf(stdout), stderr: shapeOf(stderr) }));

  let isHeld = false;
  const stop = (): void => {
    post({ kind: 'stop', reason: String(signal.reason?.message ?? signal.reason) });
    const end = (): void => (isHeld ? undefined : die());
    setTimeout(end, graceMs).unref();
    setTimeout(die, savingMs).unref();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });

  const input = new Input(stdin);
  return new Promise((resolve, reject) => {
    let code: number | undefined;
    worker.on('message', (message: FromWork) => {
      if (message.kind === 'write') streams[message.to].write(message.text);
      else if (message.kind === 'read') void input.next().then(post);
      else if (message.kind === 'hold') isHeld = true;
      else {
        ({ code } = message);
        resolve(code);
        input.end();
        void worker.terminate();
      }
    });
    worker.once('error', reject);
    worker.once('exit', (exitCode) => resolve(code ?? exitCode));
  });
}

/** Stdin, as much of it as is asked for: it may never end. */
class Input {
  readonly #stdin: Streams['stdin'];
  #chunks: AsyncIterator<Uint8Array> | undefined;

  constructor(stdin: Streams['stdin']) {
    this.#stdin = stdin;
  }

  async next(): Promise<ToWork> {
    this.#chunks ??= this.#stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      const { done, value } = await this.#chunks.next();
      return { kind: 'stdin', ...(!done && { chunk: value }) };
    } catch (error) {
      return { kind: 'stdin', problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Lets go of what nobody wants any more, so that the program isn't kept from its end. */
  end(): void {
    if (this.#chunks) this.#stdin.destroy();
  }
}
