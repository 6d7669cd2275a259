import type { Ranges } from './expression.ts';

/**
 * The code points that a class or an escape of a regular expression holds (flag `u`): those of a text with all code points
 * that JavaScript's own engine finds.
 *
 * @param atom  such as `[^a-z]`, `\p{L}` or `.`
 */
export function codePointsOf(atom: string): Ranges {
  if (ASCII_ONLY.test(atom)) return found(atom, ASCII);
  if (atom === '.') return complement(LINE_ENDS);
  const others = atom.startsWith('[^') ? `[${atom.slice(2)}` : '';
  return ASCII_ONLY.test(others) ? complement(found(others, ASCII)) : found(atom, everyCodePoint());
}

const ASCII = String.fromCharCode(...Array(128).keys());
const LINE_ENDS: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
/** Classes and escapes that hold nothing else, for which a small text will do. */
const ASCII_ONLY = /^(?:\\[dw]|\[(?!\^)(?:[ -[^-~]|\\[dw]|\\[^a-zA-Z0-9])*\])$/;

const found = (atom: string, points: string): Ranges =>
  Array.from(points.matchAll(new RegExp(`(?:${atom})+`, 'gu')), ({ index, 0: run }) => [
    pointAt(index),
    pointAt(index + run.length) - 1,
  ]);

function complement(ranges: Ranges): Ranges {
  const starts = [0, ...ranges.map(([, last]) => last + 1)];
  const ends = [...ranges.map(([first]) => first - 1), 0x10ffff];
  return starts.flatMap((first, k) => (first <= ends[k] ? [[first, ends[k]] as const] : []));
}

/** All code points but surrogates, ascending, as one text of UTF-16. */
function everyCodePoint(): string {
  const units = new Uint16Array(ASTRAL + 2 * 0x100000);
  for (let i = 0; i < ASTRAL; i++) units[i] = pointAt(i);
  for (let k = 0; k < 0x100000; k++) {
    units[ASTRAL + 2 * k] = 0xd800 + (k >> 10);
    units[ASTRAL + 2 * k + 1] = 0xdc00 + (k & 0x3ff);
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units);
}

/** How many code points of one unit there are. */
const ASTRAL = 0x10000 - 0x800;

/** The code point at an index of that text. */
function pointAt(index: number): number {
  if (index >= ASTRAL) return 0x10000 + (index - ASTRAL) / 2;
  return index < 0xd800 ? index : index + 0x800;
}
