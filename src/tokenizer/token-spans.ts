import { encodeWithin } from './continuation.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A stretch of a text with the ids that stand for it: a token, or several that only together are whole characters. */
export interface TokenSpan {
  /** In UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[];
}

/** A character has at most four bytes and a token at least one; decoders with signs of their own take a few more. */
const maxTokens = 8;

/**
 * The atoms of a text, in order; their stretches joined are the text, and their ids are those of the text.
 *
 * Where a tokenizer changes a text, what it changed can't be told apart, and is one atom: a line, else all of the text.
 */
export function tokenSpans(text: string, tokenizer: Tokenizer): TokenSpan[] {
  const whole = atomsOf(tokenizer.encode(text), text, tokenizer);
  if (whole) return whole;
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let start = 0;
  return lines.flatMap((line) => {
    const at = start;
    start += line.length;
    const ids = at === 0 ? tokenizer.encode(line) : encodeWithin(tokenizer, line);
    const atoms = atomsOf(tokenizer.encode(line), line, tokenizer) ?? [{ start: 0, end: line.length, ids }];
    return atoms.map((atom) => ({ ...atom, start: at + atom.start, end: at + atom.end }));
  });
}

/** The stretches of a text that its ids stand for; undefined where these don't decode to it piece by piece. */
export function atomsOf(ids: readonly number[], text: string, tokenizer: Tokenizer): TokenSpan[] | undefined {
  const atoms: TokenSpan[] = [];
  let start = 0;
  for (let from = 0; from < ids.length;) {
    let to = from + 1;
    let piece = tokenizer.decode(ids.slice(from, to));
    // half a character decodes to U+FFFD, which the text may hold itself
    while ((piece === '' || !text.startsWith(piece, start)) && to < Math.min(from + maxTokens, ids.length)) {
      to += 1;
      piece = tokenizer.decode(ids.slice(from, to));
    }
    if (piece === '' || !text.startsWith(piece, start)) return undefined;
    atoms.push({ start, end: start + piece.length, ids: ids.slice(from, to) });
    start += piece.length;
    from = to;
  }
  return start === text.length ? atoms : undefined;
}
