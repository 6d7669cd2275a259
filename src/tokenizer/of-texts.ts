// by this form bundlers that split code leave out of zod what isn't used
import * as z from 'zod';
import { charactersJson } from './characters.ts';
import type { TokenizerJson } from './tokenizer-json.ts';
import { countPieces, trainFromPieces } from './train-bpe.ts';

/** The options of a tokenizer that is made of texts. */
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
