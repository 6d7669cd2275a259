import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { invariant } from '../errors.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * The encoding by `@huggingface/tokenizers`, with the special tokens taken away: spelled in a text, they are text.
 * Where a vocabulary lists them among the common ones and one comes out all the same, the text is cut within their names;
 * the token for what is unknown may come.
 */
export function libraryEncoder(
  json: TokenizerJson,
  specialTokens: ReadonlyMap<string, number>,
): (text: string) => number[] {
  const others = json.added_tokens.filter(({ content }) => !specialTokens.has(content));
  const library = new LibraryTokenizer({ ...json, added_tokens: others }, {});
  const encode = (text: string): number[] => library.encode(text, { add_special_tokens: false }).ids;

  const banned = [...specialTokens].filter(([token]) => token !== json.model['unk_token']);
  const ids = new Set(banned.map(([, id]) => id));
  const names = banned.map(([token]) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  const afterFirstCharacter = new RegExp(`(?<=(?=${names})[^])`, 'u');
  return (text) => {
    const whole = encode(text);
    if (!whole.some((id: number) => ids.has(id))) return whole;
    const parts = text.split(afterFirstCharacter).flatMap(encode);
    invariant(!parts.some((id) => ids.has(id)), 'a special token came out of a text');
    return parts;
  };
}

/** The decoding by `@huggingface/tokenizers`, without the tidying of spaces. */
export function libraryDecoder(json: TokenizerJson): (ids: readonly number[]) => string {
  const library = new LibraryTokenizer(json, { clean_up_tokenization_spaces: false });
  return (ids) => (ids.length === 0 ? '' : library.decode([...ids], { skip_special_tokens: false }));
}
