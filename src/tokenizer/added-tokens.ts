import type { AddedToken } from './tokenizer-json.ts';

/** Some text as it is, or the id of a token that was spelled there. */
export type TextPart = string | number;

/**
 * The function that cuts a text at the names of added tokens, the longest name first where several begin.
 *
 * As Hugging Face's: a token may take the blanks around it (`lstrip`, `rstrip`), or want to be a word by itself
 * (`single_word`). Tokens that are looked for in the normalised text are looked for in the text itself, which is the same
 * for every normaliser that leaves their names as they are.
 */
export function addedTokenSplitter(tokens: readonly AddedToken[]): (text: string) => TextPart[] {
  if (tokens.length === 0) return (text) => (text === '' ? [] : [text]);
  const byName = new Map(tokens.map((token) => [token.content, token]));
  const names = [...byName.keys()].sort((a, b) => b.length - a.length).map(escapeForRegex);
  const anyName = new RegExp(names.join('|'), 'gu');
  return (text) => {
    const parts: TextPart[] = [];
    let from = 0;
    const pushText = (to: number, trimEnd: boolean): void => {
      const between = text.slice(from, to);
      const kept = trimEnd ? between.trimEnd() : between;
      if (kept !== '') parts.push(kept);
    };
    for (const { 0: name, index } of text.matchAll(anyName)) {
      const token = byName.get(name)!;
      const end = index + name.length;
      if (token.single_word && (endsInWord(text, index) || beginsWithWord(text, end))) continue;
      pushText(index, token.lstrip === true);
      parts.push(token.id);
      from = token.rstrip ? end + text.slice(end).search(/\S|$/u) : end;
    }
    pushText(text.length, false);
    return parts;
  };
}

const endsInWord = (text: string, to: number): boolean => /[\p{L}\p{M}\p{N}_]$/u.test(text.slice(0, to));
const beginsWithWord = (text: string, from: number): boolean => /^[\p{L}\p{M}\p{N}_]/u.test(text.slice(from));

/** A text as a regular expression that matches it. */
export const escapeForRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
