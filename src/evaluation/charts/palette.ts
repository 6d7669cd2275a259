import type { ModelKind } from '../../base/model-kinds.ts';

/** Colours of lines and bars that can be told apart on light and dark ground, the first first. */
export const chartPalette = [
  '#2b6cb0',
  '#c05621',
  '#2f855a',
  '#805ad5',
  '#b7791f',
  '#c53030',
  '#00838f',
  '#d53f8c',
  '#718096',
] as const;

/** The kinds of models that are compared, each with its colours in all charts: of several curves of a kind the later are paler. */
const kindColors = {
  'masked diffusion': ['#2b6cb0', '#7ba7d7'],
  causal: ['#c05621', '#e0a37f'],
  'block diffusion': ['#2f855a', '#7db99a'],
} as const satisfies Readonly<Record<ModelKind, readonly string[]>>;

/** The colour of a kind of model in all charts. */
export const colorOfKind = (kind: ModelKind): string => kindColors[kind][0];

/** Colours of lines or bars: those of a kind by their kind, wherever they stand; others by their places, again after the last. */
export function colorsOf(series: readonly { readonly kind?: ModelKind }[]): string[] {
  return series.map(({ kind }, place) => {
    if (kind === undefined) return chartPalette[place % chartPalette.length];
    const before = series.slice(0, place).filter((other) => other.kind === kind).length;
    return kindColors[kind][Math.min(before, kindColors[kind].length - 1)];
  });
}
