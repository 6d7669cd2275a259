import { FileError, show } from '../base/errors.ts';

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Walks over the bytes of a header: the part of JSON that safetensors is written in. Objects, strings and lists of
 * whole numbers ≥ 0 and nothing else, so that it can't be nested deeper than the format is.
 */
export class HeaderScanner {
  readonly #path: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(path: string, bytes: Uint8Array) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** @throws FileError  that tells the place in the file and what is there */
  fail(expected: string): never {
    const found =
      this.#at < this.#bytes.length
        ? show(latin1(this.#bytes.subarray(this.#at, this.#at + 20)))
        : 'the end of the header';
    throw new FileError(this.#path, `${expected} at byte ${8 + this.#at}`, found);
  }

  /** An object; `member` is called after each key and its colon, and scans the value. */
  object(member: (key: string) => void): void {
    this.#take(openBrace, '{');
    if (this.#next() === closeBrace) {
      this.#at++;
      return;
    }
    for (;;) {
      const key = this.string();
      this.#take(colon, ':');
      member(key);
      if (this.#next() === closeBrace) break;
      this.#take(comma, ', or }');
    }
    this.#at++;
  }

  /** A list of at most `most` whole numbers from 0 to 2^53 − 1, written in digits alone. */
  integers(most: number): number[] {
    const list: number[] = [];
    this.#take(openBracket, '[');
    if (this.#next() === closeBracket) {
      this.#at++;
      return list;
    }
    for (;;) {
      if (list.length === most) this.fail(`at most ${most} numbers, then ]`);
      list.push(this.#integer());
      if (this.#next() === closeBracket) break;
      this.#take(comma, ', or ]');
    }
    this.#at++;
    return list;
  }

  string(): string {
    this.#take(quote, 'a string');
    const start = this.#at;
    let escaped = false;
    let ascii = true;
    for (; ; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte === quote) break;
      // also true for undefined, where the header ends
      if (!(byte >= space)) this.fail('the rest of a string');
      if (byte >= 0x80) ascii = false;
      if (byte === backslash) {
        escaped = true;
        this.#at++; // whatever is escaped doesn't end the string
      }
    }
    const end = this.#at++;
    if (ascii && !escaped) return latin1(this.#bytes.subarray(start, end));
    return this.#decode(start, end, escaped);
  }

  /** Spaces up to the end, which may follow the header's last brace. */
  padding(): void {
    while (this.#bytes[this.#at] === space) this.#at++;
    if (this.#at < this.#bytes.length) this.fail('spaces to the end of the header');
  }

  #decode(start: number, end: number, escaped: boolean): string {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.#bytes.subarray(start, end),
      );
      const value: unknown = escaped ? JSON.parse(`"${text}"`) : text;
      if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return value;
    } catch {
      // told below, with the place
    }
    this.#at = start;
    return this.fail('a string in UTF-8 with whole escapes');
  }

  #integer(): number {
    this.#next();
    const start = this.#at;
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (!(byte >= zero && byte <= nine)) break;
      value = value * 10 + (byte - zero);
      this.#at++;
    }
    const digits = this.#at - start;
    const padded = digits > 1 && this.#bytes[start] === zero;
    // a sum that was rounded on the way is beyond 2^53 too
    if (digits === 0 || padded || !Number.isSafeInteger(value)) {
      this.#at = start;
      this.fail('a whole number from 0 to 2^53 − 1');
    }
    return value;
  }

  /** The next byte that isn't white space, not yet taken. */
  #next(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== space && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  #take(byte: number, expected: string): void {
    if (this.#next() !== byte) this.fail(expected);
    this.#at++;
  }
}

/** Bytes as the characters of the same numbers. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}
