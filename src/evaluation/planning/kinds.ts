import { countdown } from './countdown.ts';
import { paths } from './paths.ts';
import type { PuzzleKind } from './puzzle.ts';
import { sudoku } from './sudoku.ts';

/** The puzzles by their names. */
export const puzzleKinds = {
  paths,
  'countdown-3': countdown(3),
  'countdown-4': countdown(4),
  'countdown-5': countdown(5),
  'sudoku-4': sudoku(4),
  'sudoku-9': sudoku(9),
} as const satisfies Readonly<Record<string, PuzzleKind>>;
