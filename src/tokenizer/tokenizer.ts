/** Text to token ids and back. */
export interface Tokenizer {
  /** Number of ids the tokenizer knows, special tokens included. */
  readonly vocabularySize: number;
  /** The id of [MASK]; absent in a tokenizer of a causal model. */
  readonly maskId?: number;
  /** The id that ends a text. */
  readonly endId?: number;
  /** Every special token and its id. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Ids that its recipe puts before a text, such as `<s>`, and after it; absent where there are none. */
  readonly prefixIds?: readonly number[];
  readonly suffixIds?: readonly number[];

  /** Ids of a text. Special tokens spelled in the text are text: they never become special ids. */
  encode(text: string): number[];
  /** The text of ids. Special tokens are left out unless `special` is true. */
  decode(ids: ArrayLike<number>, options?: { special?: boolean }): string;
  /**
   * What a token adds to a text, in UTF-8; it may be a part of a character. Undefined for special tokens and ids without
   * a token.
   *
   * @throws UnsupportedError  for a tokenizer whose texts are more than their tokens put together
   */
  bytesOf(id: number): Uint8Array | undefined;
  /** Whether `decode` drops a space at the beginning of a text, as SentencePiece's does. */
  readonly dropsFirstSpace: boolean;
}

/** The text of ids that all have a token. */
export type DecodeIds = (ids: readonly number[], tokens: readonly (string | undefined)[]) => string;
