import type { Io } from './command.ts';

/** The text that an option means: `-` is all of stdin, without the line feed that `echo` adds. */
export async function inputText(option: string, io: Io): Promise<string> {
  if (option !== '-') return option;
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) {
    io.signal.throwIfAborted();
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
