import { utf8Length } from '../base/utf8.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A text in ids, cut where what goes on from it begins. */
export interface Continuation {
  readonly given: readonly number[];
  readonly continued: readonly number[];
  /** UTF-8 bytes of what `continued` stands for. */
  readonly bytes: number;
}

/**
 * A text and its continuation in ids, as they stand in the whole: tokenised together and cut at the border, since
 * SentencePiece puts a blank before whatever is tokenised by itself.
 *
 * Blanks at the end of the text belong to the continuation, because tokens have them at the beginning of a word: as
 * lm-evaluation-harness moves them. A token that reaches over the border is the continuation's, where that harness drops it.
 */
export function encodeContinuation(tokenizer: Tokenizer, before: string, after: string): Continuation {
  const context = before.trimEnd();
  const whole = tokenizer.encode(before + after);
  const alone = tokenizer.encode(context);
  let shared = 0;
  while (shared < alone.length && alone[shared] === whole[shared]) shared++;
  const given = whole.slice(0, shared);
  const text = shared === alone.length ? context : tokenizer.decode(given);
  return {
    given,
    continued: whole.slice(shared),
    bytes: utf8Length(before + after) - utf8Length(text),
  };
}

/** A text in ids as it is encoded alone, and what is written behind these. */
export const encodeSeparately = (tokenizer: Tokenizer, before: string, after: string): Continuation => ({
  given: tokenizer.encode(before),
  continued: before === '' ? tokenizer.encode(after) : encodeWithin(tokenizer, after),
  bytes: utf8Length(after),
});

/** Ids of a text that stands behind another one, which needn't be known: nothing is put before its first word. */
export function encodeWithin(tokenizer: Tokenizer, text: string): number[] {
  if (!tokenizer.dropsFirstSpace) return tokenizer.encode(text);
  const line = tokenizer.encode('\n');
  const both = tokenizer.encode(`\n${text}`);
  return line.every((id, i) => both[i] === id) ? both.slice(line.length) : tokenizer.encode(text);
}
