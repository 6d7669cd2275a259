/** Upper, lower and title case as Python has them. */

const CASED = /\p{Cased}/u;
/** What doesn't end a word for the final sigma. */
const CASE_IGNORABLE = /\p{Case_Ignorable}/u;

/** The title forms that are neither the character nor its upper form: Croatian digraphs, by their upper forms. */
const DIGRAPHS: Readonly<Record<string, string>> = { Ǆ: 'ǅ', Ǉ: 'ǈ', Ǌ: 'ǋ', Ǳ: 'ǲ' };

/** Whether a character has a case. */
export const isCased = (character: string): boolean => CASED.test(character);

/** The title form of a character: one capital, and the rest small where it becomes several. */
export function titleCase(character: string): string {
  const upper = character.toUpperCase();
  if (Object.hasOwn(DIGRAPHS, upper)) return DIGRAPHS[upper];
  // Georgian has capitals for headlines alone
  if (/[\u10d0-\u10ff\u1c90-\u1cbf]/.test(character)) return character;
  const code = character.codePointAt(0)!;
  // Greek with an iota below has a form of its own for the beginning of a word
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  if ('ᾳῃῳᾼῌῼ'.includes(character)) return 'ᾼῌῼ'['ᾳῃῳᾼῌῼ'.indexOf(character) % 3];
  const [first, ...rest] = upper;
  if (rest.length === 0) return upper;
  if (character === 'ŉ') return upper;
  return first + rest.join('').replaceAll('\u0399', '\u0345').toLowerCase();
}

/** A character's small form within a text: sigma has another at the end of a word. */
function lowerAt(characters: readonly string[], at: number): string {
  const character = characters[at];
  if (character !== 'Σ') return character.toLowerCase();
  const isLetter = (from: number, step: number): boolean => {
    let i = from;
    while (i >= 0 && i < characters.length && CASE_IGNORABLE.test(characters[i])) i += step;
    return i >= 0 && i < characters.length && isCased(characters[i]);
  };
  return isLetter(at - 1, -1) && !isLetter(at + 1, 1) ? 'ς' : 'σ';
}

/** `str.capitalize`. */
export function capitalized(text: string): string {
  const characters = [...text];
  return characters.map((character, i) => (i === 0 ? titleCase(character) : lowerAt(characters, i))).join('');
}

/** Each run of cased characters begins with a title form. */
export function titled(text: string): string {
  const characters = [...text];
  let inWord = false;
  return characters
    .map((character, i) => {
      const changed = inWord ? lowerAt(characters, i) : titleCase(character);
      inWord = isCased(character);
      return changed;
    })
    .join('');
}

/** `str.swapcase`. */
export function swappedCase(text: string): string {
  const characters = [...text];
  return characters
    .map((character, i) =>
      /\p{Uppercase}/u.test(character)
        ? lowerAt(characters, i)
        : /\p{Lowercase}/u.test(character)
          ? character.toUpperCase()
          : character,
    )
    .join('');
}

/** A text for comparing without case. */
export function caseFolded(text: string): string {
  return Array.from(text, (character) => {
    // Turkish i's and Cherokee are folded by rules of their own
    if (character === 'ı') return character;
    if (/[\u13a0-\u13f5]/.test(character)) return character;
    if (/[\u13f8-\u13fd\uab70-\uabbf]/.test(character)) return character.toUpperCase();
    if (character === 'İ') return 'i̇';
    return character.toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  }).join('');
}

/** Whether there are cased characters, and all of them are of one case. */
export const isUpper = (text: string): boolean =>
  /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
/** `str.islower`. */
export const isLower = (text: string): boolean =>
  /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);

/** `str.istitle`. */
export function isTitle(text: string): boolean {
  let inWord = false;
  let found = false;
  for (const character of text) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(character)) {
      if (inWord) return false;
      [inWord, found] = [true, true];
    } else if (/\p{Lowercase}/u.test(character)) {
      if (!inWord) return false;
      found = true;
    } else inWord = false;
  }
  return found;
}
