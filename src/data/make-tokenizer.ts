import type { TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { tokenizerJsonOfTexts } from '../tokenizer/train-tokenizer.ts';
import { checkRows, RowCounter } from './bad-rows.ts';
import { readDocuments, type ReadingOptions } from './documents.ts';
import { findSources } from './sources.ts';

export interface TokenizerMakingOptions extends ReadingOptions {
  readonly kind: 'bpe' | 'characters';
  /** For `bpe`, special tokens included. */
  readonly vocabularySize: number;
  readonly maximumBadShare?: number;
  readonly signal?: AbortSignal;
}

/**
 * A tokenizer made from the text of files, held-out documents included: a character of these must have an id.
 *
 * @throws FileError  where there is no text, or too much of it cannot be read
 */
export async function makeTokenizer(
  paths: readonly string[],
  { kind, vocabularySize, maximumBadShare = 0.01, ...reading }: TokenizerMakingOptions,
): Promise<TokenizerJson> {
  const rows = new RowCounter();
  async function* texts(): AsyncGenerator<string, void, void> {
    for await (const { text } of readDocuments(findSources(paths), rows, reading)) yield text;
    checkRows(rows.counts(), paths, maximumBadShare);
  }
  return tokenizerJsonOfTexts(texts(), { kind, vocabularySize });
}
