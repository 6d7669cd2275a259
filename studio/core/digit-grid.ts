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

/** Whether a grid has each digit once in every row, column and box, and all that its question gives. */
export function isSolution(answer: string, question: string): boolean {
  const side = sideOf(answer);
  if (side === undefined || answer.length !== question.length) return false;
  const box = Math.sqrt(side);
  const seen = new Set<string>();
  for (const [cell, digit] of [...answer].entries()) {
    const [row, column] = [Math.floor(cell / side), cell % side];
    const inBox = Math.floor(row / box) * box + Math.floor(column / box);
    for (const place of [`row ${row}`, `column ${column}`, `box ${inBox}`]) seen.add(`${place} ${digit}`);
    if ((givenAt(question, cell) ?? digit) !== digit || Number(digit) < 1 || Number(digit) > side)
      return false;
  }
  return seen.size === 3 * side * side;
}
