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
 * The prompt by which a causal model fills a hole: what belongs into it follows, then the end of the text. FIM, Bavarian et al. 2022,
 * arXiv:2207.14255.
 */
export type FimPrompt = (gap: Gap, marks: FimMarks) => string;

/** Prefix, suffix, middle. */
export const prefixFirst: FimPrompt = ({ before, after }, marks) =>
  `${marks.before}${before}${marks.after}${after}${marks.middle}`;

/** Suffix, prefix, middle: the middle stands behind what it goes on with, so there is less to learn. */
export const suffixFirst: FimPrompt = ({ before, after }, marks) =>
  `${marks.after}${after}${marks.before}${before}${marks.middle}`;
