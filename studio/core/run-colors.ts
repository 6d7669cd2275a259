/** The places of colours that runs have, by their names, the latest last. */
export type RunColors = Readonly<Record<string, number>>;

/** Runs whose colours are remembered. */
const mostRemembered = 300;

/**
 * With a colour for a run that is to be seen. A run keeps the one that it had before, unless another that is seen beside it has
 * that by now; then, and at first, it gets one that none of these has, and of the others as few as possible.
 *
 * @param beside  the runs that are seen already, fewer than there are colours
 * @param count   how many colours there are
 */
export function withColor(
  colors: RunColors,
  run: string,
  { beside, count }: { readonly beside: readonly string[]; readonly count: number },
): RunColors {
  const taken = new Set(beside.map((other) => colors[other]));
  const { [run]: own, ...others } = colors;
  if (own !== undefined && own < count && !taken.has(own)) return colors;
  const uses = (color: number): number => Object.values(others).filter((one) => one === color).length;
  const free = Array.from({ length: count }, (_, color) => color).filter((color) => !taken.has(color));
  const color = free.reduce((least, one) => (uses(one) < uses(least) ? one : least));
  return Object.fromEntries([...Object.entries(others).slice(1 - mostRemembered), [run, color]]);
}

/** Colours as they were kept; none where that is no longer readable. */
export function colorsFrom(json: string | null): RunColors {
  try {
    const kept: unknown = JSON.parse(json ?? '{}');
    const entries = Object.entries(kept as object).filter(([, color]) => Number.isInteger(color));
    return Object.fromEntries(entries) as RunColors;
  } catch {
    return {};
  }
}
