import { invariant } from '../errors.ts';

/**
 * Makes sure that no special token comes out of a text, also where a vocabulary lists one among the common tokens:
 * such a text is cut within the token's name.
 */
export function neverSpecial(
  encode: (text: string) => number[],
  specialTokens: ReadonlyMap<string, number>,
): (text: string) => number[] {
  const ids = new Set(specialTokens.values());
  const names = [...specialTokens.keys()]
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('|');
  const afterFirstCharacter = new RegExp(`(?<=(?=${names})[^])`, 'u');
  return (text) => {
    const whole = encode(text);
    if (!whole.some((id) => ids.has(id))) return whole;
    const parts = text.split(afterFirstCharacter).flatMap((part) => encode(part));
    invariant(!parts.some((id) => ids.has(id)), 'a special token came out of a text');
    return parts;
  };
}
