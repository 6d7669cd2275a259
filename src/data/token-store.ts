import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../errors.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { checkRows, RowCounter, type RowCounts } from './bad-rows.ts';
import { readDocuments, type ReadingOptions } from './documents.ts';
import { findSources, fingerprint, type SourceFile } from './sources.ts';

/** Documents as token ids, one after the other, each with its end token. */
export interface TokenStore {
  readonly ids: Uint16Array | Uint32Array;
  /** Where each document ends, its end token included; the first begins at 0. */
  readonly ends: Float64Array;
  /** The UTF-8 bytes of each document. */
  readonly bytes: Float64Array;
  readonly files: readonly SourceFile[];
  readonly rows: RowCounts;
}

export interface TokenStoreOptions extends ReadingOptions {
  /** Where tokenised text is kept from run to run. */
  readonly cache: string;
  readonly maximumBadShare?: number;
  /** Is given lines for people on what takes time. */
  readonly note?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a change of the way text is read or stored must change. */
const FORMAT = 1;

/**
 * The tokens of files: tokenised once and kept in `cache` under a hash of the files' content, the tokenizer and the options,
 * afterwards read from there. A folder of the cache appears whole or not at all.
 *
 * @throws FileError  where there is no text, too much of it cannot be read, or the tokenizer has no token for the end of a text
 */
export async function openTokens(
  paths: readonly string[],
  tokenizer: LoadedTokenizer,
  options: TokenStoreOptions,
): Promise<TokenStore> {
  const { cache, field = 'text', separator, longestLine, maximumBadShare = 0.01, note, signal } = options;
  const { endId, vocabularySize } = tokenizer;
  if (endId === undefined)
    throw new FileError(
      tokenizer.path,
      'a tokenizer with a token for the end of a text',
      'none',
      'set eos_token in tokenizer_config.json',
    );
  const sources = findSources(paths);
  const files: SourceFile[] = [];
  for (const source of sources) files.push(await fingerprint(source, signal));
  const identity = {
    format: FORMAT,
    files: files.map(({ sha256 }, i) => [sha256, sources[i].kind, sources[i].gzip]),
    tokenizer: [tokenizer.fingerprint, endId],
    reading: [field, separator ?? null, longestLine ?? null],
  };
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const folder = join(cache, key);
  const wide = vocabularySize > 2 ** 16;

  let kept = readStore(folder, wide);
  if (!kept) {
    note?.(`tokenising ${files.length === 1 ? files[0].path : `${files.length} files`} …`);
    const rows = new RowCounter();
    const temporary = join(cache, `.${key}-${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    try {
      const writer = new StoreWriter(temporary, wide);
      try {
        let bytes = 0;
        for await (const { text, ends } of readDocuments(sources, rows, options)) {
          writer.tokens(tokenizer.encode(text));
          bytes += Buffer.byteLength(text);
          if (!ends) continue;
          writer.tokens([endId]);
          writer.endDocument(bytes);
          bytes = 0;
        }
        checkRows(rows.counts(), paths, maximumBadShare);
        if (writer.documents === 0)
          throw new FileError(
            paths.join(', '),
            'text to learn from',
            'nothing but blanks',
            'name files with text',
          );
        writer.finish(rows.counts());
      } finally {
        writer.close();
      }
      publish(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    kept = readStore(folder, wide);
    if (!kept) throw new FileError(folder, 'the tokenised text that was just written', 'something else');
  }
  checkRows(kept.rows, paths, maximumBadShare);
  return { ...kept, files };
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
  readonly rows: RowCounts;
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

  constructor(folder: string, wide: boolean) {
    this.#folder = folder;
    this.#file = openSync(join(folder, 'tokens.bin'), 'w');
    this.#buffer = wide ? new Uint32Array(FLUSH) : new Uint16Array(FLUSH);
  }

  get documents(): number {
    return this.#ends.length;
  }

  tokens(ids: readonly number[]): void {
    for (const id of ids) {
      if (this.#used === FLUSH) this.#flush();
      this.#buffer[this.#used++] = id;
    }
  }

  endDocument(bytes: number): void {
    this.#ends.push(this.#count + this.#used);
    this.#bytes.push(bytes);
  }

  finish(rows: RowCounts): void {
    this.#flush();
    fsyncSync(this.#file);
    const table = Float64Array.from([...this.#ends, ...this.#bytes]);
    writeDurably(join(this.#folder, 'documents.bin'), new Uint8Array(table.buffer));
    const summary: Summary = { tokens: this.#count, documents: this.#ends.length, rows };
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
function readStore(folder: string, wide: boolean): Omit<TokenStore, 'files'> | undefined {
  try {
    const { tokens, documents, rows } = JSON.parse(
      readFileSync(join(folder, 'store.json'), 'utf8'),
    ) as Summary;
    const ids = wide ? new Uint32Array(tokens) : new Uint16Array(tokens);
    const table = new Float64Array(2 * documents);
    readExactly(join(folder, 'tokens.bin'), ids);
    readExactly(join(folder, 'documents.bin'), table);
    return { ids, ends: table.subarray(0, documents), bytes: table.subarray(documents), rows };
  } catch {
    return undefined;
  }
}

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
