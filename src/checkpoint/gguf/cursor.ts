import { isAscii } from 'node:buffer';
import { FileError } from '../../base/errors.ts';
import { safeSize } from '../checked.ts';

/** Thrown where the bytes that were read so far end, and the file does not: so many more are wanted from its start. */
export class MoreWanted {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** Longest text in a header: chat templates are some kilobytes. */
const longestText = 1 << 24;

/** Walks over the beginning of a GGUF file. Nothing is allocated for a size that the rest of the file can't hold. */
export class GgufCursor {
  readonly path: string;
  readonly #size: number;
  readonly #bytes: Buffer;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at = 0;

  /** @param bytes  the first bytes of a file of `size` */
  constructor(path: string, bytes: Uint8Array, size: number) {
    this.path = path;
    this.#size = size;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get at(): number {
    return this.#at;
  }

  /** @throws FileError  that tells the place */
  fail(expected: string, found: string, remedy?: string): never {
    throw new FileError(this.path, `${expected} at byte ${this.#at}`, found, remedy);
  }

  u8 = (): number => this.#bytes.readUInt8(this.#take(1));
  i8 = (): number => this.#bytes.readInt8(this.#take(1));
  u16 = (): number => this.#bytes.readUInt16LE(this.#take(2));
  i16 = (): number => this.#bytes.readInt16LE(this.#take(2));
  u32 = (): number => this.#bytes.readUInt32LE(this.#take(4));
  i32 = (): number => this.#bytes.readInt32LE(this.#take(4));
  f32 = (): number => this.#bytes.readFloatLE(this.#take(4));
  f64 = (): number => this.#bytes.readDoubleLE(this.#take(8));
  /** A number where it is one exactly, else a bigint. */
  u64 = (): number | bigint => exact(this.#bytes.readBigUInt64LE(this.#take(8)));
  i64 = (): number | bigint => exact(this.#bytes.readBigInt64LE(this.#take(8)));

  bool(): boolean {
    const value = this.u8();
    if (value > 1) this.fail('0 or 1 before', `${value}`);
    return value === 1;
  }

  /** How many of something follow, of which each takes `least` bytes or more. */
  count(what: string, least: number): number {
    const value = this.u64();
    const most = Math.floor((this.#size - this.#at) / least);
    if (typeof value === 'bigint' || value > most)
      this.fail(`at most ${most} ${what}, as many as the file has room for, before`, `${value}`, cut);
    return value;
  }

  text(): string {
    const length = this.count('bytes of text', 1);
    if (length > longestText) this.fail(`a text of at most ${longestText} bytes`, `${length}`);
    const start = this.#take(length);
    const bytes = this.#bytes.subarray(start, start + length);
    // much faster, and most texts are names and tokens in ASCII
    if (isAscii(bytes)) return bytes.toString('latin1');
    try {
      return this.#decoder.decode(bytes);
    } catch {
      this.#at = start;
      return this.fail('a text in UTF-8', 'other bytes');
    }
  }

  /** A copy of the next bytes, which is aligned for any type. */
  copy(length: number): ArrayBuffer {
    const start = this.#take(length);
    return Uint8Array.from(this.#bytes.subarray(start, start + length)).buffer;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#size - start)
      throw new FileError(this.path, `${start + length} bytes or more`, `${this.#size}`, cut);
    if (length > this.#bytes.length - start) throw new MoreWanted(start + length);
    this.#at = start + length;
    return start;
  }
}

const cut = 'the file is cut short or damaged: fetch or copy it again';

const exact = (value: bigint): number | bigint =>
  value < 0n
    ? value >= -BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value
    : (safeSize(value) ?? value);
