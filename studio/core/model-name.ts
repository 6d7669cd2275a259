import { copiedIn } from '../../src/base/copy-name.ts';

/** What a model is called without the folder that it lies in, and without the format of a copy: `puzzles/sudoku-4:int8` is `sudoku-4`. */
export const shortName = (id: string): string => (copiedIn(id) ?? id).split('/').at(-1)!;
