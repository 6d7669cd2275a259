import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FileError } from '../base/errors.ts';
import { type BadRowReason, LONGEST_ROW } from './bad-rows.ts';
import type { Source } from './sources.ts';

/** A line of a file without its end, or a piece of a long one, or why it cannot be had. */
export type TextLine =
  | {
      readonly number: number;
      readonly text: string;
      /** Whether the line ends with it: what follows, if anything, is another line. */
      readonly ends: boolean;
      /** Whether it does so by a line end. */
      readonly terminated: boolean;
      readonly reason?: undefined;
    }
  | { readonly number: number; readonly reason: BadRowReason };

/** Bytes after which a piece of a line of text, or of a list, is handed on. */
const PIECE = 2 ** 20;
/** Text is packed 3 to 10 times; this much means a file made to fill the memory. */
const LARGEST_RATIO = 200;
const RATIO_COUNTS_FROM = 2 ** 24;

/**
 * The lines of a text file in UTF-8, plain or gzip, whatever its size. CRLF ends a line too; a byte order mark is dropped.
 * A line of text, or of a list, that is longer than a megabyte comes in pieces; one of rows is whole, or skipped.
 * A damaged gzip file gives the lines up to the damage, and then a bad one.
 *
 * @param longestRow  in bytes
 * @throws FileError  for a gzip file that unpacks to more than 200 times its size
 */
export async function* readLines(
  { path, kind, gzip }: Source,
  { longestRow = LONGEST_ROW, signal }: { longestRow?: number; signal?: AbortSignal } = {},
): AsyncGenerator<TextLine, void, void> {
  const lines = new LineCutter(kind === 'jsonl' ? longestRow : undefined);
  try {
    for await (const chunk of gzip
      ? unpack(path, signal)
      : createReadStream(path, { highWaterMark: 2 ** 20, signal })) {
      const bytes = chunk as Buffer;
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
        if (end > start) lines.add(bytes.subarray(start, end));
        start = end + 1;
        yield lines.take(true);
      }
      lines.add(bytes.subarray(start));
      if (lines.isLong) yield lines.takePiece();
    }
  } catch (error) {
    if (!isGzipDamage(error)) throw error;
    yield { number: lines.number, reason: 'damaged gzip' };
    return;
  }
  if (!lines.isEmpty) yield lines.take(false);
}

/** Puts chunks of bytes together to lines. */
class LineCutter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #longestRow: number | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Whether pieces of the present line were handed on. */
  #begun = false;
  /** Of the present line, from 1 on. */
  number = 1;

  /** @param longestRow  what a line may have; undefined where long ones come in pieces */
  constructor(longestRow: number | undefined) {
    this.#longestRow = longestRow;
  }

  get isLong(): boolean {
    return this.#longestRow === undefined && this.#bytes >= PIECE;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0 && !this.#begun;
  }

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#bytes += bytes.length;
    if (this.#longestRow === undefined || this.#bytes <= this.#longestRow) this.#parts.push(bytes);
    else this.#parts = [];
  }

  /** The line, or the rest of it. */
  take(terminated: boolean): TextLine {
    if (this.#bytes === 0) return this.#next({ number: this.number, text: '', ends: true, terminated });
    const isTooLong = this.#longestRow !== undefined && this.#bytes > this.#longestRow;
    const bytes = this.#together();
    const end = terminated && bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
    const line: TextLine = isTooLong
      ? { number: this.number, reason: 'too long' }
      : this.#decoded(bytes.subarray(0, end), { ends: true, terminated });
    return this.#next(line);
  }

  #next(line: TextLine): TextLine {
    this.#begun = false;
    this.number++;
    return line;
  }

  /** What there is of a line that goes on, up to a whole character that isn't half a line end. */
  takePiece(): TextLine {
    const bytes = this.#together();
    let end = bytes.length;
    if (bytes[end - 1] === 0x0d) end--;
    // at most three bytes of a character are without their last
    for (let back = 1; back <= 3; back++) {
      const byte = bytes[end - back];
      if (byte >= 0xc0) end -= back;
      if (byte >= 0xc0 || byte < 0x80) break;
    }
    const line = this.#decoded(bytes.subarray(0, end), { ends: false, terminated: false });
    this.#begun = true;
    this.add(bytes.subarray(end));
    return line;
  }

  #together(): Buffer {
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return bytes;
  }

  #decoded(bytes: Buffer, how: { readonly ends: boolean; readonly terminated: boolean }): TextLine {
    const { number } = this;
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    const start = number === 1 && !this.#begun && hasMark ? 3 : 0;
    try {
      return { number, text: this.#decoder.decode(bytes.subarray(start)), ...how };
    } catch {
      return { number, reason: 'not UTF-8' };
    }
  }
}

function unpack(path: string, signal?: AbortSignal): AsyncIterable<Buffer> {
  const packed = createReadStream(path, { highWaterMark: 2 ** 16, signal });
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
