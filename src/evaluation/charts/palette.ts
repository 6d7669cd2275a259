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

/** The colour of the line or bar of that number; they repeat after the last. */
export const colorOf = (index: number): string => chartPalette[index % chartPalette.length];
