import type { AddedToken } from './tokenizer-json.ts';

/**
 * The function that cuts a text at the names of added tokens, the longest name first where several begin: some text as it
 * is, or the id of a token that was spelled there.
 *
 * As Hugging Face's: a token may take the blanks around it (`lstrip`, `rstrip`), or want to be a word by itself
 * (`single_word`).
 *
 * @param nameOf  what a token is looked for as
 */
export function addedTokenSplitter(
  tokens: readonly AddedToken[],
  nameOf: (token: AddedToken) => string = ({ content }) => content,
): (text: string) => (string | number)[] {
  // of two that are looked for as the same the first counts, special ones before others
  const inOrder = tokens.toSorted((a, b) => Number(b.special) - Number(a.special));
  const byName = new Map(inOrder.map((token) => [nameOf(token), token] as const).toReversed());
  byName.delete('');
  if (byName.size === 0) return (text) => (text === '' ? [] : [text]);
  const names = [...byName.keys()].sort((a, b) => b.length - a.length).map(escapeForRegex);
  const anyName = new RegExp(names.join('|'), 'gu');
  return (text) => {
    const parts: (string | number)[] = [];
    let from = 0;
    for (const { 0: name, index } of text.matchAll(anyName)) {
      const token = byName.get(name)!;
      let [start, end] = [index, index + name.length];
      if (token.single_word && (endsInWord(text, start) || beginsWithWord(text, end))) continue;
      if (token.lstrip) while (start > from && isBlank(text, start - 1)) start--;
      if (token.rstrip) while (end < text.length && isBlank(text, end)) end++;
      if (start > from) parts.push(text.slice(from, start));
      parts.push(token.id);
      from = end;
    }
    if (from < text.length) parts.push(text.slice(from));
    return parts;
  };
}

const isBlank = (text: string, at: number): boolean => /\p{White_Space}/u.test(text[at]);
const word = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const [wordEnd, wordBegin] = [new RegExp(`${word}$`, 'u'), new RegExp(`^${word}`, 'u')];
const endsInWord = (text: string, to: number): boolean => wordEnd.test(text.slice(Math.max(0, to - 2), to));
const beginsWithWord = (text: string, from: number): boolean => wordBegin.test(text.slice(from, from + 2));

/** A text as a regular expression that matches it. */
export const escapeForRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
