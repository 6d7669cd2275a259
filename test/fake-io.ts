import type { Io } from '../src/cli/command.ts';
import type { FakeTerminal } from './fake-terminal.ts';

/** What a command wrote, and the world it wrote it in: a pipe, or a terminal for stdout. */
export function fakeIo({
  stdin = '',
  env = {},
  terminal,
  signal = new AbortController().signal,
}: {
  stdin?: string;
  env?: Io['env'];
  terminal?: FakeTerminal;
  signal?: AbortSignal;
} = {}): Io & { readonly out: string; readonly err: string } {
  const written = { out: '', err: '' };
  return {
    stdin: {
      async *[Symbol.asyncIterator]() {
        yield stdin;
      },
    },
    stdout: terminal ?? { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    env,
    signal,
    get out() {
      return written.out;
    },
    get err() {
      return written.err;
    },
  };
}
