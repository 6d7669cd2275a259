import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FileError } from '../base/errors.ts';
import type { BadRowReason } from './bad-rows.ts';
import type { Source } from './sources.ts';

/** A line of a file without its end, or why it cannot be had. */
export type TextLine =
  | {
      readonly number: number;
      readonly text: string;
      readonly terminated: boolean;
      readonly reason?: undefined;
    }
  | { readonly number: number; readonly reason: BadRowReason };

/** A longer line is passed over and reported; what it holds is not kept in memory. */
const LONGEST_LINE = 2 ** 24;
/** Text is packed 3 to 10 times; this much means a file made to fill the memory. */
const LARGEST_RATIO = 200;
const RATIO_COUNTS_FROM = 2 ** 26;

/**
 * The lines of a text file in UTF-8, plain or gzip, whatever its size. CRLF ends a line too; a byte order mark is dropped.
 * A damaged gzip file gives the lines up to the damage, and then a bad one.
 *
 * @throws FileError  for a gzip file that unpacks to more than 200 times its size
 */
export async function* readLines(
  { path, gzip }: Source,
  { longestLine = LONGEST_LINE, signal }: { longestLine?: number; signal?: AbortSignal } = {},
): AsyncGenerator<TextLine, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;

  const take = (terminated: boolean): TextLine => {
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const [kept, size] = [bytes, length];
    parts = [];
    length = 0;
    const at = number++;
    if (size > longestLine) return { number: at, reason: 'too long' };
    const end = terminated && kept.at(-1) === 0x0d ? kept.length - 1 : kept.length;
    const start = at === 1 && kept[0] === 0xef && kept[1] === 0xbb && kept[2] === 0xbf ? 3 : 0;
    try {
      return { number: at, text: decoder.decode(kept.subarray(start, end)), terminated };
    } catch {
      return { number: at, reason: 'not UTF-8' };
    }
  };
  const add = (bytes: Buffer) => {
    length += bytes.length;
    if (length <= longestLine) parts.push(bytes);
    else parts = [];
  };

  try {
    for await (const chunk of gzip
      ? unpack(path, signal)
      : createReadStream(path, { highWaterMark: 2 ** 20, signal })) {
      const bytes = chunk as Buffer;
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
        add(bytes.subarray(start, end));
        start = end + 1;
        yield take(true);
      }
      if (start < bytes.length) add(bytes.subarray(start));
    }
  } catch (error) {
    if (!isGzipDamage(error)) throw error;
    yield { number, reason: 'damaged gzip' };
    return;
  }
  if (length > 0) yield take(false);
}

function unpack(path: string, signal?: AbortSignal): AsyncIterable<Buffer> {
  const packed = createReadStream(path, { highWaterMark: 2 ** 18, signal });
  const unpacked = createGunzip({ chunkSize: 2 ** 18 });
  // an error of either stream ends the other; the reader below sees it
  pipeline(packed, unpacked, () => {});
  return withinRatio(path, packed, unpacked);
}

async function* withinRatio(
  path: string,
  packed: { readonly bytesRead: number },
  unpacked: Readable,
): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const chunk of unpacked) {
    bytes += (chunk as Buffer).length;
    if (bytes > RATIO_COUNTS_FROM && bytes > LARGEST_RATIO * packed.bytesRead)
      throw new FileError(
        path,
        `gzip that unpacks to at most ${LARGEST_RATIO} times its size`,
        `${bytes} bytes from ${packed.bytesRead}`,
        'unpack it yourself if it is meant to be so',
      );
    yield chunk as Buffer;
  }
}

const isGzipDamage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^Z_(?:BUF|DATA)_ERROR$/.test(String(error.code));
