import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { TokenizerJson } from './tokenizer-json.ts';

/** The encoding by `@huggingface/tokenizers`, with the special tokens taken away: spelled in a text, they are text. */
export function libraryEncoder(
  json: TokenizerJson,
  specialTokens: ReadonlyMap<string, number>,
): (text: string) => number[] {
  const others = json.added_tokens.filter(({ content }) => !specialTokens.has(content));
  const library = new LibraryTokenizer({ ...json, added_tokens: others }, {});
  return (text) => library.encode(text, { add_special_tokens: false }).ids;
}

/** The decoding by `@huggingface/tokenizers`, without the tidying of spaces. */
export function libraryDecoder(json: TokenizerJson): (ids: readonly number[]) => string {
  const library = new LibraryTokenizer(json, { clean_up_tokenization_spaces: false });
  return (ids) => (ids.length === 0 ? '' : library.decode([...ids], { skip_special_tokens: false }));
}
