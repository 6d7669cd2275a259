import { closeSync, fsyncSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RowCounts } from './bad-rows.ts';
import type { TokenStore } from './tokens.ts';

// How tokens lie on the disk: their ids one after another, a table of documents and examples, and a summary.

/** A stretch of a document as ids. */
export interface TokenPart {
  readonly ids: readonly number[];
  /** UTF-8 bytes of what is learned of it. */
  readonly bytes: number;
  /** Whether the document ends with it. */
  readonly ends: boolean;
  /** Makes it an example, which begins with so many tokens that are given. */
  readonly given?: number;
}

/** What store.json says of the other two files. */
interface Summary {
  readonly tokens: number;
  readonly documents: number;
  readonly examples: number;
  readonly rows: RowCounts;
  readonly report: readonly string[];
}

const FLUSH = 2 ** 20;

/** Writes a store as it comes, so that no text need fit in memory. */
export class StoreWriter {
  readonly #folder: string;
  readonly #file: number;
  readonly #buffer: Uint16Array | Uint32Array;
  #used = 0;
  #count = 0;
  readonly #ends: number[] = [];
  readonly #bytes: number[] = [];
  readonly #starts: number[] = [];
  readonly #given: number[] = [];
  #documentBytes = 0;

  constructor(folder: string, wide: boolean) {
    this.#folder = folder;
    this.#file = openSync(join(folder, 'tokens.bin'), 'w');
    this.#buffer = wide ? new Uint32Array(FLUSH) : new Uint16Array(FLUSH);
  }

  get documents(): number {
    return this.#ends.length;
  }

  add({ ids, bytes, ends, given }: TokenPart): void {
    if (given !== undefined) {
      this.#starts.push(this.#count + this.#used);
      this.#given.push(given);
    }
    for (const id of ids) {
      if (this.#used === FLUSH) this.#flush();
      this.#buffer[this.#used++] = id;
    }
    this.#documentBytes += bytes;
    if (!ends) return;
    this.#ends.push(this.#count + this.#used);
    this.#bytes.push(this.#documentBytes);
    this.#documentBytes = 0;
  }

  finish(rows: RowCounts, report: readonly string[]): void {
    this.#flush();
    fsyncSync(this.#file);
    const columns = [this.#ends, this.#bytes, this.#starts, this.#given];
    const table = Float64Array.from(columns.flat());
    writeDurably(join(this.#folder, 'documents.bin'), new Uint8Array(table.buffer));
    const [documents, , examples] = columns.map(({ length }) => length);
    const summary: Summary = { tokens: this.#count, documents, examples, rows, report };
    writeDurably(join(this.#folder, 'store.json'), Buffer.from(JSON.stringify(summary)));
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    writeAll(this.#file, new Uint8Array(this.#buffer.buffer, 0, this.#used * this.#buffer.BYTES_PER_ELEMENT));
    this.#count += this.#used;
    this.#used = 0;
  }
}

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w');
  try {
    writeAll(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += writeSync(file, bytes, offset);
}

/** What a folder of the cache holds; undefined where there is none, or not what its summary says. */
export function readStore(folder: string, vocabularySize: number): Omit<TokenStore, 'files'> | undefined {
  try {
    const { tokens, documents, examples, rows, report } = JSON.parse(
      readFileSync(join(folder, 'store.json'), 'utf8'),
    ) as Summary;
    const [idsPath, tablePath] = [join(folder, 'tokens.bin'), join(folder, 'documents.bin')];
    // before memory is taken
    const wide = vocabularySize > 2 ** 16;
    requireSize(idsPath, tokens * (wide ? 4 : 2));
    requireSize(tablePath, 16 * (documents + examples));
    const ids = wide ? new Uint32Array(tokens) : new Uint16Array(tokens);
    const table = new Float64Array(2 * (documents + examples));
    readExactly(idsPath, ids);
    readExactly(tablePath, table);
    const column = (start: number, count: number) => table.subarray(start, start + count);
    const ends = column(0, documents);
    if (ids.some((id) => id >= vocabularySize) || !isAscending(ends, tokens)) return undefined;
    return {
      ids,
      ends,
      bytes: column(documents, documents),
      examples: {
        starts: column(2 * documents, examples),
        given: column(2 * documents + examples, examples),
      },
      rows,
      report,
    };
  } catch {
    return undefined;
  }
}

function requireSize(path: string, bytes: number): void {
  if (statSync(path).size !== bytes) throw new Error('it has another size');
}

/** Whether documents end one behind the other, among the tokens. */
const isAscending = (ends: Float64Array, tokens: number): boolean =>
  ends.every((end, i) => Number.isSafeInteger(end) && end <= tokens && end >= (i > 0 ? ends[i - 1] : 0));

function readExactly(path: string, into: Uint16Array | Uint32Array | Float64Array): void {
  const bytes = new Uint8Array(into.buffer);
  const file = openSync(path, 'r');
  try {
    for (let offset = 0; offset < bytes.length;) {
      const read = readSync(file, bytes, offset, Math.min(bytes.length - offset, 2 ** 30), null);
      if (read === 0) throw new Error('it ends early');
      offset += read;
    }
  } finally {
    closeSync(file);
  }
}
