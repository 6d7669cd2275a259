import { meansOf } from './sparkline.ts';

/** What the dots of a braille character add to U+2800, by column and row. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * Numbers as a curve of braille characters, each of which has two columns and four rows of dots: means of as many neighbours as
 * it takes to fit, the greatest at the top, joined from one to the next.
 *
 * @param columns  of characters, at most; a curve of few numbers is narrower
 * @returns        so many rows; none where there are fewer than two numbers
 */
export function brailleCurve(values: readonly number[], columns: number, rows: number): string[] {
  if (values.length < 2 || columns < 1) return [];
  const means = meansOf(values, 2 * columns);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const scale = (4 * rows - 1) / (most - least || 1);
  const heights = means.map((value) => Math.round((most - value) * scale));
  const cells = Array.from({ length: rows }, () => new Uint8Array(Math.ceil(means.length / 2)));
  for (const [x, y] of heights.entries()) {
    const before = heights[x - 1] ?? y;
    // from the dot behind the one before, so that a steep curve has no gaps
    const from = before - Math.sign(before - y);
    for (let dot = Math.min(from, y); dot <= Math.max(from, y); dot++)
      cells[dot >> 2][x >> 1] |= dots[x & 1][dot & 3];
  }
  return cells.map((row) => Array.from(row, (cell) => String.fromCodePoint(0x2800 + cell)).join(''));
}
