/** What stands around a hole. */
export interface Gap {
  readonly before: string;
  readonly after: string;
}

/** What a causal model is told by where a part begins: characters that the texts don't have. */
export interface FimMarks {
  readonly before: string;
  readonly after: string;
  readonly middle: string;
}

/** Control characters, each a token of a byte-level tokenizer, whatever it was made from. */
export const controlMarks: FimMarks = { before: '\u0001', after: '\u0002', middle: '\u0003' };

/**
 * The prompt by which a causal model fills a hole, the text rearranged to before, after, middle: FIM in the order PSM, Bavarian
 * et al. 2022, arXiv:2207.14255. What belongs into the hole follows it, then the end of the text.
 */
export const fimPrompt = ({ before, after }: Gap, marks: FimMarks): string =>
  `${marks.before}${before}${marks.after}${after}${marks.middle}`;
