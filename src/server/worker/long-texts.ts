import { Worker } from 'node:worker_threads';
import { InvalidOptionError } from '../../base/errors.ts';
import { Turns } from '../../base/turns.ts';
import type { LoadOptions } from '../../model-files/open-model.ts';
import type { Failure, Result, TokensTask } from './protocol.ts';

/** Characters that are read on the thread of the models: about as many as take it as long as a forward. */
const shortCharacters = 2 ** 14;

/** How models are opened of which texts are read. */
export type LongTextOptions = Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;

export interface LongTextRequest {
  readonly path: string;
  readonly task: TokensTask;
  /** Whether no more is wanted than how many tokens there are. */
  readonly isCount: boolean;
}

export type LongTextReply = { readonly result: Result } | { readonly failure: Failure };

/** A failure on the other thread, as it was told there. */
export class ReadingError extends Error {
  override readonly name = 'ReadingError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The other side: a thread, or what a test has in its place. */
export interface TextPort {
  postMessage(request: LongTextRequest): void;
  on(event: 'message', listener: (reply: LongTextReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  terminate(): unknown;
  unref(): void;
}

/** Whether a text takes so long to be read that other texts would wait for it. */
export const isLong = ({ text = '', turns = [], tools }: TokensTask): boolean => {
  const said = turns.reduce((sum, { content }) => sum + content.length, text.length);
  return said > shortCharacters || (tools !== undefined && JSON.stringify(tools).length > shortCharacters);
};

/**
 * Reads long texts on a thread of their own, one after the other, so that the thread of the models goes on writing. A text
 * that its model's tokenizer or template takes too long for ends the thread, and is named.
 */
export class LongTexts {
  readonly #open: () => TextPort;
  readonly #limitMs: number;
  #port: TextPort | undefined;
  readonly #turns = new Turns();

  constructor(open: () => TextPort, limitMs = 20_000) {
    this.#open = open;
    this.#limitMs = limitMs;
  }

  /**
   * The tokens of a text or conversation.
   *
   * @throws ReadingError        for what `readTokens` throws there
   * @throws InvalidOptionError  for what takes too long; the signal's reason
   */
  read(request: LongTextRequest, signal: AbortSignal): Promise<Result> {
    const turn = this.#turns.take(async () => {
      signal.throwIfAborted();
      return this.#read(request);
    });
    const gone = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([turn, gone]);
  }

  async #read(request: LongTextRequest): Promise<Result> {
    const port = (this.#port ??= this.#begin());
    let timer: NodeJS.Timeout | undefined;
    try {
      const reply = await new Promise<LongTextReply>((resolve, reject) => {
        timer = setTimeout(() => reject(tooLong(request, this.#limitMs)), this.#limitMs);
        this.#settle = { resolve, reject };
        port.postMessage(request);
      });
      if ('result' in reply) return reply.result;
      throw new ReadingError(reply.failure);
    } catch (error) {
      if (!(error instanceof ReadingError)) this.#end(port);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #settle: { resolve: (reply: LongTextReply) => void; reject: (error: unknown) => void } | undefined;

  #begin(): TextPort {
    const port = this.#open();
    port.unref();
    port.on('message', (reply) => this.#settle?.resolve(reply));
    port.on('error', (error) => this.#settle?.reject(error));
    return port;
  }

  #end(port: TextPort): void {
    this.#port = undefined;
    void port.terminate();
  }
}

function tooLong({ task }: LongTextRequest, limitMs: number): InvalidOptionError {
  const problem = `must be text that the model's tokenizer and template read in ${Math.round(limitMs / 1000)} s`;
  return new InvalidOptionError(task.turns ? 'messages' : 'prompt', problem, undefined);
}

/** A thread that opens the tokenizer of a model when it is first asked for. */
export const longTexts = (options: LongTextOptions): LongTexts =>
  new LongTexts(() => {
    const port = new Worker(new URL('./text-worker.js', import.meta.url), { workerData: options });
    return port as unknown as TextPort;
  });
