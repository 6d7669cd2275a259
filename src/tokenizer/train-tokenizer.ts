import type { z } from 'zod';
import { checkOptions } from '../base/options.ts';
import type { TokenizerFileName } from './files.ts';
import { tokenizerOf } from './load.ts';
import { tokenizerFiles } from './files-to-write.ts';
import { type Texts, tokenizerJsonOfTexts, tokenizerTrainingSchema } from './of-texts.ts';
import { saveTokenizer } from './save.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

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
