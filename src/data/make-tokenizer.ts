import { charactersJson } from '../tokenizer/characters.ts';
import type { TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { countPieces, trainFromPieces } from '../tokenizer/train-bpe.ts';
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
  const pieces = new Map<string, number>();
  const characters = new Set<string>();
  for await (const { text } of readDocuments(findSources(paths), rows, reading)) {
    if (kind === 'bpe') countPieces(text, pieces);
    else for (const character of text) characters.add(character);
  }
  checkRows(rows.counts(), paths, maximumBadShare);
  return kind === 'bpe' ? trainFromPieces(pieces, { vocabularySize }) : charactersJson(characters);
}
