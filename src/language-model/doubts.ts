import type { TextSpan } from '../base/text-edits.ts';
import type { TokenSpan } from '../tokenizer/token-spans.ts';
import type { ScoredToken } from './language-model.ts';

/** Whether a token lies in one of some stretches, or in part. */
export const touches = (token: TextSpan, spans: readonly TextSpan[]): boolean =>
  spans.some(({ start, end }) => token.start < end && token.end > start);

/** How many tokens of the model they are. */
export const countOf = (tokens: readonly ScoredToken[]): number =>
  tokens.reduce((sum, token) => sum + token.tokens, 0);

/** The geometric mean of the probabilities of the tokens in a stretch; of nothing it is 1. */
export function probabilityIn(tokens: readonly ScoredToken[], span: TextSpan): number {
  const inside = tokens.filter((token) => touches(token, [span]));
  const nats = inside.reduce((sum, { probability }) => sum - Math.log(probability), 0);
  return Math.exp(-nats / Math.max(1, inside.length));
}

/** A word that may be rewritten. */
interface DoubtedWord extends TextSpan {
  /** Of the least likely of its tokens. */
  readonly probability: number;
  /** The tokens that it would take of the room. */
  readonly cost: number;
}

/**
 * The words in which a token is less likely than the threshold, the least likely first, as far as there is room for
 * their tokens; neighbours are one stretch.
 */
export function leastLikely(
  words: readonly DoubtedWord[],
  { threshold, room }: { threshold: number; room: number },
): TextSpan[] {
  const doubted = words
    .filter(({ probability }) => probability < threshold)
    .sort((a, b) => a.probability - b.probability);
  let left = room;
  const chosen = doubted.filter(({ cost }) => {
    if (cost > left) return false;
    left -= cost;
    return true;
  });
  const spans: { start: number; end: number }[] = [];
  for (const { start, end } of chosen.sort((a, b) => a.start - b.start)) {
    const last = spans.at(-1);
    if (last?.end === start) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}

/** Those of a text, blanks alone left out. What has been changed before takes no room. */
export function doubtful(
  text: string,
  tokens: readonly ScoredToken[],
  { changed, ...limits }: { threshold: number; room: number; changed: readonly TextSpan[] },
): TextSpan[] {
  const words = readWords(text, tokens)
    .filter(({ start, end }) => text.slice(start, end).trim() !== '')
    .map(({ tokens: own, ...word }) => ({
      ...word,
      cost: countOf(own.filter((token) => !touches(token, changed))),
    }));
  return leastLikely(words, limits);
}

/** A word of a text that was read, and how likely the least likely of its tokens is. */
export interface ReadWord extends TextSpan {
  readonly tokens: readonly ScoredToken[];
  readonly probability: number;
}

/** The words of a text that was read, in order. */
export const readWords = (text: string, tokens: readonly ScoredToken[]): ReadWord[] =>
  wordsOf(text, tokens).map((word) => ({
    start: word[0].start,
    end: word.at(-1)!.end,
    tokens: word,
    probability: word.reduce((least, token) => Math.min(least, token.probability), 1),
  }));

/** A stretch cut between tokens, so that no piece has more of them than some. */
export function divided(
  { start, end }: TextSpan,
  tokens: readonly ScoredToken[],
  maxTokens: number,
): TextSpan[] {
  const cuts: number[] = [];
  let length = 0;
  for (const token of tokens.filter((one) => touches(one, [{ start, end }]))) {
    if (length > 0 && length + token.tokens > maxTokens) {
      cuts.push(token.start);
      length = 0;
    }
    length += token.tokens;
  }
  return [start, ...cuts].map((from, n) => ({ start: from, end: cuts[n] ?? end }));
}

/** So many tokens of a word are read as one at most; what is longer is no word that one knows, and takes a forward for each. */
const longestRead = 8;

/**
 * The word that each token is read in, numbered from 0   [L]
 *
 * @param atoms  of the text, each of some tokens
 * @param before  tokens before the text, each a word
 * @param length  L: what follows the text is a word for each token, too
 */
export function wordNumbers(
  text: string,
  atoms: readonly TokenSpan[],
  { before, length }: { readonly before: number; readonly length: number },
): Int32Array {
  const numbers = Array.from({ length: before }, (_, i) => i);
  let next = before;
  for (const word of wordsOf(text, atoms)) {
    const tokens = word.reduce((sum, { ids }) => sum + ids.length, 0);
    for (let i = 0; i < tokens; i++) numbers.push(next + Math.floor(i / longestRead));
    next += Math.ceil(tokens / longestRead);
  }
  while (numbers.length < length) numbers.push(next++);
  return Int32Array.from(numbers);
}

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** The tokens of a text, those of one word together: letters side by side, as far as Unicode sees one word in them (UAX #29). */
export function wordsOf<Token extends TextSpan>(text: string, tokens: readonly Token[]): Token[][] {
  const begins = new Set(Array.from(segmenter.segment(text), ({ index }) => index));
  const words: Token[][] = [];
  for (const token of tokens) {
    const before = text.slice(0, token.start).at(-1) ?? '';
    const inside =
      !begins.has(token.start) &&
      /[\p{L}\p{N}\p{M}'’]$/u.test(before) &&
      /^[\p{L}\p{N}\p{M}'’]/u.test(text.slice(token.start));
    if (inside) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words;
}
