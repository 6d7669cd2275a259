import { type CharacterSet, isBlank, isWordCharacter, namedSet } from './character-set.ts';
import type { PatternCursor } from './pattern-cursor.ts';

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };

const classes: Readonly<Record<string, CharacterSet>> = {
  d: namedSet('digit')!,
  w: isWordCharacter,
  s: isBlank,
  h: namedSet('xdigit')!,
};

const not =
  (set: CharacterSet): CharacterSet =>
  (codePoint) =>
    !set(codePoint);

/** A character or a set, from behind its `\` on; of what is no character, such as `\1`, it is refused by name. */
export function escapedSet(cursor: PatternCursor): number | CharacterSet {
  const property = cursor.match(/([pP])\{(\^?)([^}]*)\}/y);
  if (property) {
    const set = namedSet(property[3]);
    if (!set) return cursor.refuse(`\\${property[0]}`);
    return (property[1] === 'P') !== (property[2] === '^') ? not(set) : set;
  }
  const code = cursor.match(/x\{([\dA-Fa-f]{1,8})\}|x([\dA-Fa-f]{1,2})|u([\dA-Fa-f]{4})|0([0-7]{0,2})/y);
  if (code) {
    const octal = code[4] === undefined ? undefined : parseInt(`0${code[4]}`, 8);
    const value = octal ?? parseInt(code[1] ?? code[2] ?? code[3], 16);
    return value <= 0x10ffff ? value : cursor.refuse(`\\${code[0]}`);
  }
  const character = String.fromCodePoint(cursor.next());
  if (Object.hasOwn(controls, character)) return controls[character];
  const small = character.toLowerCase();
  if (Object.hasOwn(classes, small)) return small === character ? classes[small] : not(classes[small]);
  if (/[A-Za-z1-9]/.test(character)) return cursor.refuse(`\\${character}`);
  return character.codePointAt(0)!;
}
