import type { GgufFile } from '../../checkpoint/gguf/file.ts';
import { FileError, show, UnsupportedError } from '../../base/errors.ts';

/** Reads the metadata of a GGUF file key by key, and tells which were never asked for. */
export class GgufKeys {
  readonly path: string;
  /** `general.architecture`, which begins the keys of the network. */
  readonly architecture: string;
  readonly #metadata: GgufFile['metadata'];
  readonly #asked = new Set<string>();

  constructor({ path, metadata }: Pick<GgufFile, 'path' | 'metadata'>) {
    this.path = path;
    this.#metadata = metadata;
    this.architecture =
      this.#read('general.architecture', 'a text', isText) ?? this.#missing('general.architecture');
  }

  /** A whole number from 0 up, under a key of the architecture. */
  count(key: string): number {
    return this.optionalCount(key) ?? this.#missing(this.#full(key));
  }

  optionalCount(key: string): number | undefined {
    return this.#read(this.#full(key), 'a whole number', isCount);
  }

  /** A number above 0. Files have float32; what comes is the shortest decimal that is the same float32. */
  positive(key: string): number {
    return this.optionalPositive(key) ?? this.#missing(this.#full(key));
  }

  optionalPositive(key: string): number | undefined {
    const value = this.#read(this.#full(key), 'a number above 0', isPositive);
    return value === undefined ? undefined : shortest(value);
  }

  /** A number from 0 up. */
  optionalNumber(key: string): number | undefined {
    const value = this.#read(this.#full(key), 'a number from 0 up', isNumber);
    return value === undefined ? undefined : shortest(value);
  }

  optionalText(key: string): string | undefined {
    return this.#read(this.#full(key), 'a text', isText);
  }

  /** A boolean under a key of the architecture or, with a dot before it, of the file. */
  flag(key: string): boolean | undefined {
    return this.#read(this.#full(key), 'true or false', (value) => typeof value === 'boolean');
  }

  /** The id of a token, `tokenizer.ggml.NAME_token_id`. */
  tokenId(name: string): number | undefined {
    return this.#read(`tokenizer.ggml.${name}_token_id`, 'a whole number', isCount);
  }

  /** @throws UnsupportedError  for the first of these keys with a value at which it asks for something we lack */
  requireFixed(fixed: Readonly<Record<string, readonly unknown[]>>): void {
    for (const [key, values] of Object.entries(fixed)) {
      const full = this.#full(key);
      this.#asked.add(full);
      const value = this.#metadata.get(full);
      if (value !== undefined && !values.includes(value)) this.unsupported(key);
    }
  }

  /** @throws UnsupportedError  for a key of the network that was never asked for: nobody knows what it changes */
  requireNoOthers(): void {
    for (const key of this.#metadata.keys()) {
      const isNetwork = key.startsWith(`${this.architecture}.`) || key.startsWith('diffusion.');
      if (isNetwork && !this.#asked.has(key)) this.unsupported(`.${key}`);
    }
  }

  /** @throws UnsupportedError  that names the key and its value */
  unsupported(key: string, why = 'which is not supported'): never {
    const full = this.#full(key);
    const value = this.#metadata.get(full);
    throw new UnsupportedError(
      `${this.path}: ${full} is ${value === undefined ? 'absent' : quoted(value)}, ${why}`,
    );
  }

  #full(key: string): string {
    return key.startsWith('.') ? key.slice(1) : `${this.architecture}.${key}`;
  }

  #read<T>(key: string, expected: string, is: (value: unknown) => value is T): T | undefined {
    this.#asked.add(key);
    const value = this.#metadata.get(key);
    if (value === undefined || is(value)) return value;
    throw new FileError(this.path, `${key} to be ${expected}`, quoted(value));
  }

  #missing(key: string): never {
    throw new FileError(this.path, `a key ${key}`, 'none');
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;
const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value < Infinity;

function quoted(value: unknown): string {
  if (ArrayBuffer.isView(value)) return show([...(value as Uint8Array).subarray(0, 40)]);
  return typeof value === 'bigint' ? `${value}` : show(value);
}

/** 0.00001 and not 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
