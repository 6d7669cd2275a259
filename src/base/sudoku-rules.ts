/** What a grid of Sudoku must obey. */
export interface SudokuRules {
  readonly digits: readonly number[];
  /** Rows, columns and boxes: the cells of each. */
  readonly houses: readonly (readonly number[])[];
  /** Of each cell, those that it shares a house with. */
  readonly peers: readonly (readonly number[])[];
}

/** @param box  rows and columns of a box: 3 for the usual grid of 9 by 9 cells */
export function sudokuRules(box: number): SudokuRules {
  const size = box * box;
  const range = [...Array(size).keys()];
  const inBox = (house: number, k: number): number => {
    const row = box * Math.floor(house / box) + Math.floor(k / box);
    return row * size + box * (house % box) + (k % box);
  };
  const houses = range.flatMap((house) => [
    range.map((k) => house * size + k),
    range.map((k) => k * size + house),
    range.map((k) => inBox(house, k)),
  ]);
  const peers = Array.from({ length: size * size }, (_, cell) => {
    const sharing = houses.filter((house) => house.includes(cell)).flat();
    return [...new Set(sharing)].filter((other) => other !== cell);
  });
  return { digits: range.map((k) => k + 1), houses, peers };
}

/**
 * Whether a grid, row by row, has each digit once in every row, column and box, and all that its question gives.
 *
 * @param question  with 0 for what is open
 */
export const isSudokuSolution = (
  { houses, digits }: Pick<SudokuRules, 'houses' | 'digits'>,
  question: string,
  answer: string,
): boolean =>
  answer.length === question.length &&
  [...question].every((given, cell) => given === '0' || given === answer[cell]) &&
  houses.every(
    (house) =>
      house
        .map((cell) => Number(answer[cell]))
        .sort()
        .join() === digits.join(),
  );
