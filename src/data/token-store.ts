import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { checkRows, RowCounter } from './bad-rows.ts';
import { readDocuments, type ReadingOptions } from './documents.ts';
import { findSources, fingerprint, type Source, type SourceFile, textKinds } from './sources.ts';
import { readStore, StoreWriter, type TokenPart } from './token-files.ts';
import type { TokenStore } from './tokens.ts';

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

/** Where tokens are kept, and who is told what takes long. */
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
