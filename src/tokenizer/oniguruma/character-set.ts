/** Whether a code point belongs to a set of characters. */
export type CharacterSet = (codePoint: number) => boolean;

/** The set of what a class of JavaScript's regular expressions, with the flag u, matches. */
export const setOf = (characterClass: string): CharacterSet => {
  const pattern = new RegExp(characterClass, 'u');
  return (codePoint) => pattern.test(String.fromCodePoint(codePoint));
};

const WORD = '\\p{L}\\p{M}\\p{N}\\p{Pc}';

/** Oniguruma's brackets and properties beside Unicode's, by their names without case, blanks and lines. */
const named: Readonly<Record<string, string>> = {
  alnum: '[\\p{Alphabetic}\\p{Nd}]',
  alpha: '\\p{Alphabetic}',
  ascii: '[\\0-\\x7f]',
  blank: '[\\p{Zs}\\t]',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  graph: '[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]',
  lower: '\\p{Lowercase}',
  print: '[^\\p{Cc}\\p{Cn}\\p{Cs}\\u2028\\u2029]',
  punct: '[\\p{P}\\p{S}]',
  space: '\\p{White_Space}',
  upper: '\\p{Uppercase}',
  xdigit: '[0-9A-Fa-f]',
  word: `[${WORD}]`,
};

const memory = new Map<string, CharacterSet>();

/**
 * The set of a property or a bracket, `L`, `Lu`, `Han`, `White_Space`, `punct`; undefined for a name that nothing has.
 */
export function namedSet(name: string): CharacterSet | undefined {
  const key = name.toLowerCase().replace(/[\s_-]/g, '');
  const known = memory.get(key);
  if (known) return known;
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
  const words = name.trim().split(/[\s_-]+/);
  const spellings = [...new Set([name, words.map(capital).join('_'), capital(key)])];
  const classes = Object.hasOwn(named, key)
    ? [named[key]]
    : spellings.flatMap((one) => [`\\p{${one}}`, `\\p{Script=${one}}`]);
  for (const characterClass of /^[\w\s-]+$/.test(name) ? classes : []) {
    try {
      const set = setOf(characterClass);
      memory.set(key, set);
      return set;
    } catch {
      // no property of that spelling
    }
  }
  return undefined;
}

/** What `\w` matches. */
export const isWordCharacter: CharacterSet = remembered(setOf(`[${WORD}]`));
/** What `\s` matches. */
export const isBlank: CharacterSet = setOf('\\p{White_Space}');

/** Characters that are one but for their case, where neither is the other's usual capital or small letter. */
const otherCases: Readonly<Record<string, string>> = {
  s: 'ſ',
  k: '\u212a',
  å: '\u212b',
  σ: 'ς',
  ω: '\u2126',
  μ: 'µ',
  ß: 'ẞ',
  θ: 'ϑϴ',
  β: 'ϐ',
  ε: 'ϵ',
  κ: 'ϰ',
  π: 'ϖ',
  ρ: 'ϱ',
  φ: 'ϕ',
  ṡ: 'ẛ',
  ι: '\u0345\u1fbe',
};

function casesOf(codePoint: number): number[] {
  const character = String.fromCodePoint(codePoint);
  const single = (text: string) => ([...text].length === 1 ? [text] : []);
  const small = Object.keys(otherCases).find((one) => otherCases[one].includes(character));
  const base = [character, ...(small === undefined ? [] : [small])];
  const found = new Set(
    base
      .flatMap((one) => [one, ...single(one.toLowerCase()), ...single(one.toUpperCase())])
      .flatMap((one) => [one, ...single(one.toLowerCase()), ...single(one.toUpperCase())])
      .flatMap((one) => [one, ...(otherCases[one] ?? '')]),
  );
  return Array.from(found, (one) => one.codePointAt(0)!);
}

/** A set with all characters that are the same as one of it but for their case. */
export const withoutCase =
  (set: CharacterSet): CharacterSet =>
  (codePoint) =>
    casesOf(codePoint).some(set);

/** The same set, which asks the other only once about each character below U+10000. */
export function remembered(set: CharacterSet): CharacterSet {
  const known = new Uint8Array(0x10000);
  return (codePoint) => {
    if (codePoint >= known.length) return set(codePoint);
    if (known[codePoint] === 0) known[codePoint] = set(codePoint) ? 2 : 1;
    return known[codePoint] === 2;
  };
}
