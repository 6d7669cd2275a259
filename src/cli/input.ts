import { readFile } from 'node:fs/promises';
import { FileError } from '../errors.ts';
import type { Io } from './command.ts';

/** The text that an option means: `-` is all of stdin, without the line feed that `echo` adds. */
export async function inputText(option: string, io: Io): Promise<string> {
  if (option !== '-') return option;
  return (await readStdin(io)).toString('utf8').replace(/\r?\n$/, '');
}

/**
 * All of a text file, or of stdin where the path is `-`, so that the same text written again is the same bytes.
 *
 * @throws FileError  where it isn't UTF-8
 */
export async function readText(path: string, io: Io): Promise<string> {
  const bytes = path === '-' ? await readStdin(io) : await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const remedy = 'convert it, for example with iconv';
    throw new FileError(path === '-' ? 'stdin' : path, 'text in UTF-8', 'other bytes', remedy, { cause });
  }
}

async function readStdin(io: Io): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) {
    io.signal.throwIfAborted();
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}
