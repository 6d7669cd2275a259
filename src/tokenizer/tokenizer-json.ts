/** What a `tokenizer.json` of Hugging Face holds, as far as we write it or look into it. */
export interface TokenizerJson {
  readonly version: string;
  readonly truncation: unknown;
  readonly padding: unknown;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly post_processor: unknown;
  readonly decoder: unknown;
  readonly model: TokenizerModel;
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

export interface TokenizerModel {
  readonly type?: string;
  /** Token to id. Without a prototype where we make it: `constructor` and `__proto__` are tokens like others. */
  readonly vocab: Readonly<Record<string, number>>;
  /** Pairs, best first; older files write a pair as one string with a space. */
  readonly merges: readonly (readonly [left: string, right: string] | string)[];
  readonly [option: string]: unknown;
}

/** The mask, then the end of a text, which also pads. */
export const DEFAULT_SPECIAL_TOKENS: readonly string[] = ['<|mask|>', '<|endoftext|>'];

export function specialToken(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** A vocabulary in which any string can be a key. */
export function vocabularyOf(tokens: Iterable<readonly [token: string, id: number]>): Record<string, number> {
  const vocab: Record<string, number> = Object.create(null);
  for (const [token, id] of tokens) vocab[token] = id;
  return vocab;
}
