/** Cells of a row, for the sizes of Sudoku that are drawn as grids. */
const sides = new Map([
  [16, 4],
  [81, 9],
]);

/** Cells of a row of the grid that a text of digits is, row by row, 0 for an open cell; undefined for other texts. */
export function sideOf(text: string): number | undefined {
  const side = sides.get(text.length);
  return side !== undefined && /^\d+$/.test(text) ? side : undefined;
}

/** What a question gives for a cell; undefined where it is open. */
export const givenAt = (question: string, cell: number): string | undefined =>
  question[cell] === '0' ? undefined : question[cell];
