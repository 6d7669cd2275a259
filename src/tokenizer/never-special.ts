import { escapeForRegex } from './added-tokens.ts';

/**
 * Makes sure that no special token comes out of a text, also where a vocabulary lists one among the common tokens:
 * such a text is cut within the token's name. A name that can't be cut, of one character, is left out of the text.
 */
export function neverSpecial(
  encode: (text: string, isFirst: boolean) => number[],
  specialTokens: ReadonlyMap<string, number>,
): (text: string, isFirst: boolean) => number[] {
  const ids = new Set(specialTokens.values());
  const names = [...specialTokens.keys()].map(escapeForRegex).join('|');
  const afterFirstCharacter = new RegExp(`(?<=(?=${names})[^])`, 'u');
  return (text, isFirst) => {
    const whole = encode(text, isFirst);
    if (!whole.some((id) => ids.has(id))) return whole;
    return text
      .split(afterFirstCharacter)
      .flatMap((part, i) => encode(part, isFirst && i === 0))
      .filter((id) => !ids.has(id));
  };
}
