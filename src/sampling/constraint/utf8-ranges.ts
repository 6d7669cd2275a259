import type { Ranges } from './expression.ts';

/** Bytes from the first to the last. */
export type ByteRange = readonly [first: number, last: number];

/** The last code point that takes one, two and three bytes, and the gap of surrogates, which UTF-8 doesn't have. */
const BORDERS = [0x7f, 0x7ff, 0xd7ff, 0xdfff, 0xffff];

/**
 * The UTF-8 spellings of a set of code points: sequences of one to four ranges, whose every choice of bytes is the
 * spelling of one of the code points. Surrogates are left out.
 */
export function utf8Ranges(ranges: Ranges): ByteRange[][] {
  return ranges.flatMap(([first, last]) => split(first, last));
}

function split(first: number, last: number): ByteRange[][] {
  if (first > last || (first >= 0xd800 && last <= 0xdfff)) return [];
  const border = BORDERS.find((end) => first <= end && end < last);
  if (border !== undefined) return [...split(first, border), ...split(border + 1, last)];
  // ranges of bytes are independent only if the later ones are whole
  for (const tail of last > 0x7f ? [0x3f, 0xfff, 0x3ffff] : []) {
    if ((first & ~tail) === (last & ~tail)) break;
    if ((first & tail) !== 0) return [...split(first, first | tail), ...split((first | tail) + 1, last)];
    if ((last & tail) !== tail) return [...split(first, (last & ~tail) - 1), ...split(last & ~tail, last)];
  }
  const [from, to] = [bytesOf(first), bytesOf(last)];
  return [from.map((byte, i) => [byte, to[i]] as const)];
}

function bytesOf(point: number): number[] {
  if (point <= 0x7f) return [point];
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  if (point <= 0x7ff) return [0xc0 | (point >> 6), tail(0)];
  if (point <= 0xffff) return [0xe0 | (point >> 12), tail(6), tail(0)];
  return [0xf0 | (point >> 18), tail(12), tail(6), tail(0)];
}
