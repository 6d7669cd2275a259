import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { checkRows, RowCounter, type RowCounts } from './bad-rows.ts';
import { readDocuments, type ReadingOptions } from './documents.ts';
import { findSources, fingerprint, type Source, type SourceFile, textKinds } from './sources.ts';
import type { TokenStore } from './tokens.ts';

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

/** A way to read documents. */
export interface TokenReading {
  /** Files that it reads. */
  readonly kinds: readonly Source['kind'][];
  /** All that decides the ids, beside the files and the tokenizer. */
  readonly identity: unknown;
  parts(
    sources: readonly Source[],
    rows: RowCounter,
    signal?: AbortSignal,
  ): AsyncGenerator<TokenPart, readonly string[], void>;
}

export interface TokenStoreOptions {
  /** Where tokenised text is kept from run to run. */
  readonly cache: string;
  readonly maximumBadShare?: number;
  /** Is given lines for people on what takes time. */
  readonly note?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Text: each document with its end token. */
export function textReading(
  tokenizer: LoadedTokenizer,
  { field = 'text', separator }: ReadingOptions,
): TokenReading {
  const endId = requireTextEnd(tokenizer);
  return {
    kinds: textKinds,
    identity: [field, separator ?? null],
    async *parts(sources, rows, signal) {
      for await (const { text, ends } of readDocuments(sources, rows, {
        field,
        separator,
        signal,
      })) {
        const ids = tokenizer.encode(text);
        if (ends) ids.push(endId);
        yield { ids, bytes: Buffer.byteLength(text), ends };
      }
      return [];
    },
  };
}

/** @throws FileError  for a tokenizer without a token for the end of a text */
export function requireTextEnd({ endId, path }: LoadedTokenizer): number {
  if (endId !== undefined) return endId;
  const remedy = 'set eos_token in tokenizer_config.json';
  throw new FileError(path, 'a tokenizer with a token for the end of a text', 'none', remedy);
}

/** What a change of the way text is read or stored must change. */
const FORMAT = 3;

/**
 * The tokens of files: tokenised once and kept in `cache` under a hash of the files' content, the tokenizer and the options,
 * afterwards read from there. A folder of the cache appears whole or not at all.
 *
 * @throws FileError  where there is no text, or too much of it cannot be read
 */
export async function openTokens(
  paths: readonly string[],
  tokenizer: LoadedTokenizer,
  reading: TokenReading,
  options: TokenStoreOptions,
): Promise<TokenStore> {
  const { cache, maximumBadShare = 0.01, note, signal } = options;
  const { endId, vocabularySize } = tokenizer;
  const sources = findSources(paths, reading.kinds);
  const files: SourceFile[] = [];
  for (const source of sources) files.push(await fingerprint(source, signal));
  const identity = {
    format: FORMAT,
    files: files.map(({ sha256 }, i) => [sha256, sources[i].kind, sources[i].gzip]),
    tokenizer: [createHash('sha256').update(tokenizer.source).digest('hex'), endId],
    reading: reading.identity,
  };
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const folder = join(cache, key);
  const wide = vocabularySize > 2 ** 16;

  let kept = readStore(folder, vocabularySize);
  if (!kept) {
    note?.(`tokenising ${files.length === 1 ? files[0].path : `${files.length} files`} …`);
    const rows = new RowCounter();
    const temporary = join(cache, `.${key}-${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    try {
      const writer = new StoreWriter(temporary, wide);
      try {
        const parts = reading.parts(sources, rows, signal);
        let part = await parts.next();
        for (; !part.done; part = await parts.next()) writer.add(part.value);
        checkRows(rows.counts(), paths, maximumBadShare);
        if (writer.documents === 0)
          throw new FileError(
            paths.join(', '),
            'text to learn from',
            'nothing but blanks',
            'name files with text',
          );
        writer.finish(rows.counts(), part.value);
      } finally {
        writer.close();
      }
      publish(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    kept = readStore(folder, vocabularySize);
    if (!kept) throw new FileError(folder, 'the tokenised text that was just written', 'something else');
  }
  checkRows(kept.rows, paths, maximumBadShare);
  return { ...kept, files };
}

/**
 * The tokens that a run has kept, without a look at the files that they were made of; undefined where there are none.
 *
 * @param cache  as `openTokens` was given it
 */
export function keptTokens(
  cache: string,
  { vocabularySize }: LoadedTokenizer,
): Omit<TokenStore, 'files'> | undefined {
  const [name] = existsSync(cache) ? readdirSync(cache).filter((each) => /^[0-9a-f]{32}$/.test(each)) : [];
  return name === undefined ? undefined : readStore(join(cache, name), vocabularySize);
}

/** Puts a finished folder in its place; one that another process put there meanwhile is as good, a damaged one goes. */
function publish(temporary: string, folder: string): void {
  try {
    renameSync(temporary, folder);
  } catch (error) {
    if (
      !(error instanceof Error && 'code' in error && /^(?:ENOTEMPTY|EEXIST|EPERM)$/.test(String(error.code)))
    )
      throw error;
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  }
}

interface Summary {
  readonly tokens: number;
  readonly documents: number;
  readonly examples: number;
  readonly rows: RowCounts;
  readonly report: readonly string[];
}

const FLUSH = 2 ** 20;

/** Writes a store as it comes, so that no text need fit in memory. */
class StoreWriter {
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
function readStore(folder: string, vocabularySize: number): Omit<TokenStore, 'files'> | undefined {
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
