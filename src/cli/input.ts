import { createReadStream, existsSync, statSync } from 'node:fs';
import { FileError } from '../base/errors.ts';
import type { Io } from './command.ts';

/** The text that an option means: `-` is all of stdin, without the line feed that `echo` adds. */
export async function inputText(option: string, io: Io): Promise<string> {
  if (option !== '-') return option;
  return (await readStdin(io)).toString('utf8').replace(/\r?\n$/, '');
}

/** The end of a name that only a file has. */
const fileEnding = /^\S+\.(?:txt|md|text|jsonl|ndjson|json|csv|html?|xml|[jt]sx?|py|gz)$/i;

/**
 * A text, or that of the file that it names; `-` is stdin.
 *
 * @throws FileError  for what is named like a file and isn't there
 */
export async function textOrFile(given: string, io: Io): Promise<string> {
  if (given === '-') return inputText(given, io);
  if (given !== '' && existsSync(given) && statSync(given).isFile()) return plainText(given);
  if (fileEnding.test(given))
    throw new FileError(
      given,
      'a file of text',
      'nothing there',
      'to mean the name itself, give it on stdin, with -',
    );
  return given;
}

/** The text of a file that holds nothing else. @throws FileError  for rows of JSON, and what is compressed */
export async function plainText(path: string): Promise<string> {
  const other = /\.(?:jsonl|ndjson|gz)$/i.exec(path)?.[0];
  if (other !== undefined)
    throw new FileError(
      path,
      'a file of text',
      `a ${other} file`,
      'write its texts into a .txt file, or give them on stdin',
    );
  return fileText(path);
}

/**
 * All of a text file, or of stdin where the path is `-`, so that the same text written again is the same bytes.
 *
 * @throws FileError  where it is a directory, or isn't UTF-8
 */
export async function readText(path: string, io: Io): Promise<string> {
  return path === '-' ? decoded('stdin', await readStdin(io)) : decoded(path, await bytesOf(path));
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await together(createReadStream(path), path);
  } catch (cause) {
    // alone among the system's errors it doesn't say the path
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EISDIR')) throw cause;
    throw new FileError(path, 'a file of text', 'a directory', 'check the path', { cause });
  }
}

const readStdin = (io: Io): Promise<Buffer> => together(io.stdin, 'stdin', io.signal);

/** Bytes of a text that is read whole: a pipe or a device may never end. */
const maxBytes = 2 ** 28;

/** @throws FileError  for more than fits; the signal's reason when it is aborted */
async function together(
  stream: AsyncIterable<string | Uint8Array>,
  name: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    size += Buffer.byteLength(chunk);
    if (size > maxBytes) throw new FileError(name, `at most ${maxBytes} bytes of text`, 'more');
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}

/** The text of a file, without a byte order mark. */
export async function fileText(path: string): Promise<string> {
  return decoded(path, await bytesOf(path)).replace(/^\ufeff/, '');
}

function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
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
