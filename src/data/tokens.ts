import { InvalidOptionError } from '../base/errors.ts';
import { utf8Length } from '../base/utf8.ts';
import { type LoadedTokenizer, requireEndId } from '../tokenizer/load.ts';
import type { RowCounts } from './bad-rows.ts';
import type { SourceFile } from './sources.ts';

/** Documents as token ids, one after the other. */
export interface TokenStore {
  readonly ids: Uint16Array | Uint32Array;
  /** Where each document ends; the first begins at 0. */
  readonly ends: Float64Array;
  /** The UTF-8 bytes of each document that are learned. */
  readonly bytes: Float64Array;
  /** Of documents that are conversations, the examples that they hold. */
  readonly examples: Examples;
  readonly files: readonly SourceFile[];
  readonly rows: RowCounts;
  /** Lines for people on what was done to the text. */
  readonly report: readonly string[];
}

/** Stretches of a document that begin with tokens which are given, not learned. An example ends where the next begins. */
export interface Examples {
  readonly starts: Float64Array;
  /** Tokens at the beginning of each that are given. */
  readonly given: Float64Array;
}

/**
 * Texts of a program as tokens in memory, each a document with its end token. Line ends become `\n`, and blank texts are
 * left out, as where they are read from files.
 *
 * @throws InvalidOptionError  where there is no text, or one isn't whole Unicode
 */
export function tokensOfTexts(texts: readonly string[], tokenizer: LoadedTokenizer): TokenStore {
  const endId = requireEndId(tokenizer, tokenizer.path);
  const documents = documentsIn(texts).map((text) => ({
    ids: [...tokenizer.encode(text), endId],
    bytes: utf8Length(text),
  }));
  const ends: number[] = [];
  for (const { ids } of documents) ends.push((ends.at(-1) ?? 0) + ids.length);
  const all =
    tokenizer.vocabularySize > 2 ** 16 ? new Uint32Array(ends.at(-1)!) : new Uint16Array(ends.at(-1)!);
  for (const [i, { ids }] of documents.entries()) all.set(ids, ends[i] - ids.length);
  return {
    ids: all,
    ends: Float64Array.from(ends),
    bytes: Float64Array.from(documents, ({ bytes }) => bytes),
    examples: { starts: new Float64Array(), given: new Float64Array() },
    files: [],
    rows: { good: documents.length, bad: {}, examples: [] },
    report: [],
  };
}

/** What of texts is learned. */
export function documentsIn(texts: readonly string[]): string[] {
  const documents = texts.filter((text) => text.trim() !== '').map((text) => text.replaceAll('\r\n', '\n'));
  if (documents.length === 0) throw new InvalidOptionError('texts', 'must have text to learn from', texts);
  const broken = documents.find((text) => /\p{Surrogate}/u.test(text));
  if (broken !== undefined)
    throw new InvalidOptionError('texts', 'must not have half a surrogate pair', broken);
  return documents;
}
