import type { TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { tokenizerJsonOfTexts } from '../tokenizer/of-texts.ts';
import { checkRows, RowCounter } from './bad-rows.ts';
import { conversationIn } from './dialogues.ts';
import { readDocuments, type ReadingOptions } from './documents.ts';
import { readJsonRows } from './json-rows.ts';
import { findSources, rowKinds } from './sources.ts';

/** What kind of tokenizer is made of the texts of files. */
export interface TokenizerMakingOptions extends ReadingOptions {
  readonly kind: 'bpe' | 'characters';
  /** What the files hold. Default: documents. */
  readonly holding?: Holding;
  /** For `bpe`, special tokens included. */
  readonly vocabularySize: number;
  readonly maximumBadShare?: number;
  readonly signal?: AbortSignal;
}

/** The texts in some files. What can't be read is counted. */
export type Holding = (
  paths: readonly string[],
  rows: RowCounter,
  reading: ReadingOptions & { readonly signal?: AbortSignal },
) => AsyncGenerator<string, void, void>;

const documents: Holding = async function* (paths, rows, reading) {
  for await (const { text } of readDocuments(findSources(paths), rows, reading)) yield text;
};

/** What is said in conversations. */
export const conversations: Holding = async function* (paths, rows, { signal }) {
  for (const source of findSources(paths, rowKinds))
    for await (const row of readJsonRows(source, { signal })) {
      const read = row.reason ?? conversationIn(row.value);
      if (typeof read === 'string') {
        rows.bad({ path: source.path, line: row.line, reason: read });
        continue;
      }
      rows.good();
      for (const { content } of read.messages) yield content;
    }
};

/**
 * A tokenizer made from the text of files, held-out documents included: a character of these must have an id.
 *
 * @throws FileError  where there is no text, or too much of it cannot be read
 */
export async function makeTokenizer(
  paths: readonly string[],
  { kind, holding = documents, vocabularySize, maximumBadShare = 0.01, ...reading }: TokenizerMakingOptions,
): Promise<TokenizerJson> {
  const rows = new RowCounter();
  async function* texts(): AsyncGenerator<string, void, void> {
    yield* holding(paths, rows, reading);
    checkRows(rows.counts(), paths, maximumBadShare);
  }
  return tokenizerJsonOfTexts(texts(), { kind, vocabularySize });
}
