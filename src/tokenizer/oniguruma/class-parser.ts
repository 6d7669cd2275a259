import { type CharacterSet, namedSet, withoutCase } from './character-set.ts';
import { escapedSet } from './escapes.ts';
import type { PatternCursor } from './pattern-cursor.ts';

/** Brackets, from behind the `[` on: ranges, escapes, properties, `[:space:]`, brackets in brackets, `&&`. */
export function parseClass(cursor: PatternCursor, ignoresCase: boolean): CharacterSet {
  const isNegative = cursor.take('^');
  const intersected: CharacterSet[] = [];
  let united: CharacterSet[] = [];
  for (let isFirst = true; isFirst || !cursor.take(']'); isFirst = false) {
    if (cursor.take('&&')) {
      intersected.push(union(united));
      united = [];
    } else if (cursor.take('[:')) united.push(parsePosix(cursor));
    else if (cursor.take('[')) united.push(parseClass(cursor, ignoresCase));
    else united.push(parseRange(cursor));
  }
  const sets = [...intersected, union(united)];
  const all: CharacterSet = (codePoint) => sets.every((set) => set(codePoint));
  const folded = ignoresCase ? withoutCase(all) : all;
  return isNegative ? (codePoint) => !folded(codePoint) : folded;
}

const union =
  (sets: readonly CharacterSet[]): CharacterSet =>
  (codePoint) =>
    sets.some((set) => set(codePoint));

function parsePosix(cursor: PatternCursor): CharacterSet {
  const isNegative = cursor.take('^');
  const name = cursor.until(':]');
  const set = namedSet(name);
  if (!set) return cursor.refuse(`[:${name}:]`);
  return isNegative ? (codePoint) => !set(codePoint) : set;
}

/** One character, a set, or the characters from one to another. */
function parseRange(cursor: PatternCursor): CharacterSet {
  const first = classAtom(cursor);
  if (typeof first !== 'number') return first;
  if (cursor.rest.startsWith('-') && !cursor.rest.startsWith('-]') && !cursor.rest.startsWith('-&&')) {
    cursor.take('-');
    const last = classAtom(cursor);
    if (typeof last !== 'number' || last < first) return cursor.refuse('a range that is none');
    return (codePoint) => first <= codePoint && codePoint <= last;
  }
  return (codePoint) => codePoint === first;
}

const classAtom = (cursor: PatternCursor): number | CharacterSet =>
  cursor.take('\\') ? (cursor.take('b') ? 8 : escapedSet(cursor)) : cursor.next();
