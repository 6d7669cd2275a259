const bars = '▁▂▃▄▅▆▇█';

/**
 * Numbers as a line of bars, the lowest for the least and the highest for the greatest; means of as many neighbours as it takes to
 * fit into the columns. Empty where there are fewer than two.
 */
export function sparkline(values: readonly number[], columns: number): string {
  if (values.length < 2 || columns < 2) return '';
  const means = meansOf(values, columns);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const heightOf = (value: number): number =>
    most === least ? 0 : Math.round(((value - least) / (most - least)) * (bars.length - 1));
  return means.map((value) => bars[heightOf(value)]).join('');
}

/** The means of as many neighbours as it takes for at most so many numbers to be left. */
export function meansOf(values: readonly number[], atMost: number): number[] {
  const count = Math.min(atMost, values.length);
  return Array.from({ length: count }, (_, k) => {
    const part = values.slice(
      Math.floor((k * values.length) / count),
      Math.floor(((k + 1) * values.length) / count),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
