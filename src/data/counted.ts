/** "1 row", "2 rows": a number of things, for a reader. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
