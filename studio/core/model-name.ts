/** What a model is called without the folder that it lies in, and without the format of a copy: `puzzles/sudoku-4:int8` is `sudoku-4`. */
export const shortName = (id: string): string =>
  id
    .split('/')
    .at(-1)!
    .replace(/:(?:f16|int8|int4)$/, '');
