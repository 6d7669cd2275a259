import type { TextSpan } from '../base/text-edits.ts';
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

/**
 * The words in which a token is less likely than the threshold, the least likely first, as far as there is room for
 * their tokens; neighbours are one stretch. What has been changed before takes no room.
 */
export function doubtful(
  text: string,
  tokens: readonly ScoredToken[],
  { threshold, room, changed }: { threshold: number; room: number; changed: readonly TextSpan[] },
): TextSpan[] {
  const words = wordsOf(text, tokens)
    .map((word) => ({
      start: word[0].start,
      end: word.at(-1)!.end,
      cost: word.reduce((sum, token) => sum + (touches(token, changed) ? 0 : token.tokens), 0),
      probability: word.reduce((least, token) => Math.min(least, token.probability), 1),
    }))
    .filter(({ start, end, probability }) => probability < threshold && text.slice(start, end).trim() !== '')
    .sort((a, b) => a.probability - b.probability);
  let left = room;
  const chosen = words.filter(({ cost }) => {
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

/** The tokens of a text, those of one word together. */
function wordsOf(text: string, tokens: readonly ScoredToken[]): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    const before = text.slice(0, token.start).at(-1) ?? '';
    const inside =
      /[\p{L}\p{N}\p{M}'’]$/u.test(before) && /^[\p{L}\p{N}\p{M}'’]/u.test(text.slice(token.start));
    if (inside) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words;
}
