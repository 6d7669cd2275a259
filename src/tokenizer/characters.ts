import { InvalidOptionError } from '../base/errors.ts';
import {
  checkSpecialTokens,
  DEFAULT_SPECIAL_TOKENS,
  specialToken,
  vocabularyOf,
  type TokenizerJson,
} from './tokenizer-json.ts';

/**
 * A tokenizer with one id for each character (Unicode code point) of the texts, as the content of a `tokenizer.json`:
 * the characters by code point from id 0 on, then the special tokens.
 *
 * For Hugging Face's libraries it is a BPE without merges over pieces of one character.
 * They drop a character that is not in the vocabulary; our `encode` throws and names it.
 */
export function trainCharacters(
  texts: Iterable<string>,
  { specialTokens = DEFAULT_SPECIAL_TOKENS }: { readonly specialTokens?: readonly string[] } = {},
): TokenizerJson {
  const characters = new Set<string>();
  for (const text of texts) for (const character of text) characters.add(character);
  return charactersJson(characters, specialTokens);
}

/** As `trainCharacters`, from the characters themselves. */
export function charactersJson(
  characters: ReadonlySet<string>,
  specialTokens: readonly string[] = DEFAULT_SPECIAL_TOKENS,
): TokenizerJson {
  checkSpecialTokens(specialTokens);
  const clash = specialTokens.find((token) => [...token].length === 1);
  if (clash !== undefined)
    throw new InvalidOptionError('specialTokens', 'must be longer than one character', clash);
  const sorted = [...new Set(Array.from(characters, wellFormed))].sort((a, b) => codePoint(a) - codePoint(b));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((token, i) => specialToken(token, sorted.length + i)),
    normalizer: null,
    pre_tokenizer: ONE_BY_ONE,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabularyOf(sorted.map((character, id) => [character, id])),
      merges: [],
    },
  };
}

const ONE_BY_ONE = { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: false };

/** Half of a surrogate pair is no character; it becomes U+FFFD, as in UTF-8. */
const wellFormed = (character: string) => (/^[\ud800-\udfff]$/.test(character) ? '\ufffd' : character);

const codePoint = (character: string) => character.codePointAt(0) ?? 0;

/** Whether a `tokenizer.json` is one of ours with one id for each character. */
export function isCharacterLevel({ model, pre_tokenizer: split, normalizer }: TokenizerJson): boolean {
  return (
    model.type === 'BPE' &&
    model.merges.length === 0 &&
    normalizer === null &&
    JSON.stringify(split) === JSON.stringify(ONE_BY_ONE) &&
    Object.keys(model.vocab).every((token) => [...token].length === 1)
  );
}

/**
 * The function that gives the ids of a text's characters.
 *
 * @throws InvalidOptionError  (by the function) for a character that the vocabulary lacks
 */
export function characterEncoder(vocab: ReadonlyMap<string, number>): (text: string) => number[] {
  return (text) => {
    const ids: number[] = [];
    for (const character of text) {
      const id = vocab.get(wellFormed(character));
      if (id === undefined)
        throw new InvalidOptionError(
          'text',
          `must hold only the ${vocab.size} characters that this tokenizer knows, not U+${codePoint(character).toString(16).toUpperCase().padStart(4, '0')}`,
          character,
        );
      ids.push(id);
    }
    return ids;
  };
}
