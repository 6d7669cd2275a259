import { readFile } from 'node:fs/promises';
import { FileError } from '../errors.ts';
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

/** The text of a file. */
export async function fileText(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'text in UTF-8', 'other bytes', 'convert it, for example with iconv', {
      cause,
    });
  }
}

/** The object in a file of JSON. */
export async function fileObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(await fileText(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new FileError(path, 'JSON', cause.message, undefined, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new FileError(path, 'an object in JSON', Array.isArray(value) ? 'a list' : String(value));
}
