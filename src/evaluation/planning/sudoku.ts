import { isSudokuSolution, type SudokuRules, sudokuRules } from '../../base/sudoku-rules.ts';
import { type Draw, type PuzzleKind, shuffledBy, weighted } from './puzzle.ts';

/** Boxes of so many rows and columns, and how often a puzzle has so many given cells. */
const shapes = {
  4: { box: 2, givens: [[8, 1]] },
  9: {
    box: 3,
    givens: [
      [31, 3],
      [32, 69],
      [33, 245],
      [34, 473],
      [35, 201],
      [36, 9],
    ],
  },
} as const;

/**
 * Sudoku: a grid row by row, 0 where a cell is open, and then the full grid. Only one solution fits.
 *
 *     3102200002100320  →  3142243142131324
 *
 * As many cells are given as in the published test sets: 8 of 16, and 31 to 36 of 81 as often as there.
 */
export function sudoku(size: keyof typeof shapes): PuzzleKind {
  const { box, givens } = shapes[size];
  const rules = sudokuRules(box);
  return {
    summary: `Sudoku of ${size} × ${size} cells with one solution`,
    make(draw) {
      for (;;) {
        const full = filled(
          Array.from({ length: size * size }, () => 0),
          rules,
          draw,
        )!;
        const open = opened(full, rules, weighted(givens, draw), draw);
        if (open) return { prompt: open.join(''), answer: full.join('') };
      }
    },
    isSolved: (prompt, answer) => isSudokuSolution(rules, prompt, answer),
  };
}

/** Takes cells away in random order, as long as one solution fits; undefined where that ends too soon. */
function opened(
  full: readonly number[],
  rules: SudokuRules,
  givens: number,
  draw: Draw,
): number[] | undefined {
  const grid = [...full];
  let left = grid.length;
  for (const cell of shuffledBy([...grid.keys()], draw)) {
    if (left === givens) break;
    const digit = grid[cell];
    grid[cell] = 0;
    if (solutions(grid, rules, 2) === 1) left--;
    else grid[cell] = digit;
  }
  return left === givens ? grid : undefined;
}

/** A full grid that agrees with the given cells, digits tried in random order; undefined where there is none. */
function filled(grid: number[], rules: SudokuRules, draw: Draw): number[] | undefined {
  const open = fewestChoices(grid, rules);
  if (!open) return grid;
  for (const digit of shuffledBy(open.choices, draw)) {
    const found = filled(grid.with(open.cell, digit), rules, draw);
    if (found) return found;
  }
  return undefined;
}

/** How many full grids agree with the given cells, counted up to a limit. */
function solutions(grid: number[], rules: SudokuRules, limit: number): number {
  const open = fewestChoices(grid, rules);
  if (!open) return 1;
  let count = 0;
  for (const digit of open.choices) {
    grid[open.cell] = digit;
    count += solutions(grid, rules, limit - count);
    if (count >= limit) break;
  }
  grid[open.cell] = 0;
  return count;
}

/** The open cell that the fewest digits fit into; none where the grid is full. */
function fewestChoices(
  grid: readonly number[],
  { digits, peers }: SudokuRules,
): { readonly cell: number; readonly choices: readonly number[] } | undefined {
  let best: { readonly cell: number; readonly choices: readonly number[] } | undefined;
  for (let cell = 0; cell < grid.length; cell++) {
    if (grid[cell] !== 0) continue;
    let taken = 0; // a bit for each digit; that of 0 is of no matter
    for (const peer of peers[cell]) taken |= 1 << grid[peer];
    const choices = digits.filter((digit) => (taken & (1 << digit)) === 0);
    if (!best || choices.length < best.choices.length) best = { cell, choices };
    if (choices.length <= 1) break;
  }
  return best;
}
