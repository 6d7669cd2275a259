import { createInterface, type Interface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import type { Io } from '../command.ts';
import { visible } from './visible.ts';

const PROMPT = '> ';

/** The lines of stdin as they come, from a pipe or a file. They end when the program is interrupted. */
export async function* linesOf(io: Io): AsyncGenerator<string> {
  const input = io.stdin instanceof Readable ? io.stdin : Readable.from(io.stdin);
  const lines = createInterface({ input, crlfDelay: Infinity, signal: io.signal });
  for await (const line of lines) yield line;
}

/** What a person said, and the signal by which they stop what it began. */
export interface SaidLine {
  readonly text: string;
  readonly signal: AbortSignal;
}

/**
 * Lines from a person at a terminal, with a history on the arrow keys. While one is being worked at, keys are not
 * shown, and Ctrl-C stops the work; at the prompt it clears the line. Lines that were typed or pasted at once are one.
 */
export class Terminal {
  readonly #io: Io;
  readonly #interface: Interface;
  #isQuiet = false;
  #pasted: string[] = [];
  #waiting: { readonly text: string; readonly isSeen: boolean }[] = [];
  #work: AbortController | undefined;
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(io: Io) {
    this.#io = io;
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#isQuiet) io.stdout.write(chunk.toString());
        done();
      },
    });
    const input = io.stdin as unknown as NodeJS.ReadStream;
    this.#interface = createInterface({ input, output, terminal: true, prompt: PROMPT, historySize: 1000 });
    // readline asks its output how wide the terminal is
    Object.defineProperty(output, 'columns', { get: () => io.stdout.columns ?? 80 });
    this.#interface.on('line', (line) => this.#hear(line));
    this.#interface.on('SIGINT', () => this.#interrupt());
    this.#interface.on('close', () => this.#end());
    io.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** What the person says, until Ctrl-D. Each is worked at before the next is asked for. */
  async *lines(): AsyncGenerator<SaidLine> {
    while (!this.#isClosed) {
      this.#isQuiet = false;
      if (this.#waiting.length === 0) {
        this.#interface.prompt();
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const { text, isSeen } = this.#waiting.shift()!;
      // what was typed during the last work has not been shown
      if (!isSeen) this.#io.stdout.write(`${PROMPT}${visible(text)}\n`);
      this.#isQuiet = true;
      this.#work = new AbortController();
      yield { text, signal: AbortSignal.any([this.#io.signal, this.#work.signal]) };
      this.#work = undefined;
    }
  }

  close(): void {
    this.#isQuiet = true;
    this.#interface.close();
  }

  #hear(line: string): void {
    // what is pasted comes all at once
    if (this.#pasted.push(line) > 1) return;
    const isSeen = !this.#isQuiet;
    setImmediate(() => {
      this.#waiting.push({ text: this.#pasted.join('\n'), isSeen });
      this.#pasted = [];
      this.#wake();
    });
  }

  #interrupt(): void {
    if (this.#work) {
      this.#work.abort(new DOMException('stopped', 'AbortError'));
      return;
    }
    // as a shell does: the line is left where it stands, and a new one begins
    this.#io.stdout.write('^C\n');
    this.#interface.write(null, { ctrl: true, name: 'e' });
    this.#interface.write(null, { ctrl: true, name: 'u' });
    this.#interface.prompt();
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#work) this.#io.stdout.write('\n');
    this.#wake();
  }
}
