import { z } from 'zod';
import { checkOptions } from '../base/options.ts';
import { charactersJson } from './characters.ts';
import type { TokenizerFileName } from './files.ts';
import { tokenizerOf } from './load.ts';
import { saveTokenizer, tokenizerFiles } from './save.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { countPieces, trainFromPieces } from './train-bpe.ts';

export const tokenizerTrainingSchema = z.strictObject({
  kind: z.enum(['bpe', 'characters']).default('bpe').describe('a byte-level BPE, or one token a character'),
  vocabularySize: z
    .int()
    .min(258)
    .default(4096)
    .describe('for bpe: tokens in all, [MASK] and the end of a text included'),
});

/** Texts, one after the other. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/** A tokenizer that was just made. */
export interface TrainedTokenizer extends Tokenizer {
  /** The content of its tokenizer.json, as Hugging Face's libraries read it. */
  readonly json: TokenizerJson;
  /** Writes its files to a directory, which `train` takes as the option `tokenizer`. */
  save(directory: string): void;
}

/**
 * A tokenizer of texts: by default a byte-level BPE, which has an id for every text there is; or one of single characters,
 * for those that occur.
 *
 *     const tokenizer = await trainTokenizer(['Once upon a time …'], { vocabularySize: 2048 });
 *
 * The same texts give the same tokenizer, the one that `unmask train` makes of a file of them.
 *
 * @throws InvalidOptionError  for a vocabulary too small for 256 bytes and the special tokens
 */
export async function trainTokenizer(
  texts: Texts,
  options: z.input<typeof tokenizerTrainingSchema> = {},
): Promise<TrainedTokenizer> {
  const json = await tokenizerJsonOfTexts(texts, checkOptions(tokenizerTrainingSchema, options));
  const files = Object.entries(tokenizerFiles(json)) as [TokenizerFileName, string][];
  const tokenizer = tokenizerOf({ directory: '', texts: new Map(files) });
  return { ...tokenizer, json, save: (directory) => saveTokenizer(directory, json) };
}

/** Reads texts once, keeping no more than their different words or characters. */
export async function tokenizerJsonOfTexts(
  texts: Texts,
  { kind, vocabularySize }: z.output<typeof tokenizerTrainingSchema>,
): Promise<TokenizerJson> {
  const pieces = new Map<string, number>();
  const characters = new Set<string>();
  for await (const text of texts) {
    if (kind === 'bpe') countPieces(text, pieces);
    else for (const character of text) characters.add(character);
  }
  return kind === 'bpe' ? trainFromPieces(pieces, { vocabularySize }) : charactersJson(characters);
}
