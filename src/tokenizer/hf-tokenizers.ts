import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * The encoding by `@huggingface/tokenizers` of text in which nothing is special: it is given no added tokens.
 * The function's second argument is whether the text is the beginning of all: some kinds put a blank before that alone.
 */
export function libraryEncoder(json: TokenizerJson): (text: string, isFirst: boolean) => number[] {
  const make = (preTokenizer: unknown) =>
    new LibraryTokenizer({ ...json, added_tokens: [], pre_tokenizer: preTokenizer }, {});
  const first = make(json.pre_tokenizer);
  const later = withoutFirstBlank(json.pre_tokenizer);
  const rest = later === undefined ? first : make(later);
  const prepare = spacesRareIdeographs(json.normalizer)
    ? (text: string) => text.replace(RARE_IDEOGRAPHS, ' $& ')
    : (text: string) => text;
  return (text, isFirst) => {
    const { ids } = (isFirst ? first : rest).encode(prepare(text), { add_special_tokens: false });
    // of what a vocabulary without an unknown token lacks the library gives undefined; Hugging Face's own drops it
    return (ids as readonly (number | undefined)[]).filter((id) => id !== undefined);
  };
}

/** The ideographs beyond U+FFFF that BERT's normaliser puts blanks around, and the library's forgets. */
const RARE_IDEOGRAPHS =
  /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function spacesRareIdeographs(normalizer: unknown): boolean {
  const { type, handle_chinese_chars: handled } = (normalizer ?? {}) as Record<string, unknown>;
  return type === 'BertNormalizer' && handled !== false;
}

/** A pre-tokenizer that puts a blank before the first piece alone, as it is for the pieces after that; else undefined. */
function withoutFirstBlank(preTokenizer: unknown): object | undefined {
  const text = JSON.stringify(preTokenizer);
  const changed = text?.replaceAll('"prepend_scheme":"first"', '"prepend_scheme":"never"');
  return changed === text ? undefined : (JSON.parse(changed) as object);
}

/** The decoding by `@huggingface/tokenizers`, without the tidying of spaces. */
export function libraryDecoder(json: TokenizerJson): (ids: readonly number[]) => string {
  const library = new LibraryTokenizer(json, { clean_up_tokenization_spaces: false });
  return (ids) => (ids.length === 0 ? '' : library.decode([...ids], { skip_special_tokens: false }));
}
