import { Callable, Thing, type Value } from './values.ts';

/** What `encode` gives: it can be counted, printed, and made a text again. */
export class Bytes extends Thing {
  readonly typeName = 'bytes';
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  attribute(name: string): Value | undefined {
    if (name !== 'decode') return undefined;
    return new Callable(name, () => new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#bytes));
  }

  toText(): string {
    const known: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };
    const text = Array.from(
      this.#bytes,
      (byte) =>
        known[byte] ??
        (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`),
    ).join('');
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    return `b${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`;
  }
}
