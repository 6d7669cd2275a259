/** Blocks of characters that terminals draw two columns wide (Unicode's East Asian Width W and F), first and last. */
const wideBlocks = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18dff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
] as const;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A text as a reader counts its characters, each with the columns that it takes on a terminal. */
export function graphemes(text: string): { text: string; width: number }[] {
  if (/^[\x20-\x7e]*$/.test(text)) return Array.from(text, (character) => ({ text: character, width: 1 }));
  return Array.from(segmenter.segment(text), ({ segment }) => ({
    text: segment,
    width: graphemeWidth(segment),
  }));
}

/** The columns that a text without line breaks takes on a terminal. */
export function widthOf(text: string): number {
  return graphemes(text).reduce((sum, { width }) => sum + width, 0);
}

/** The longest beginning of a text that fits into some columns. */
export function fit(text: string, columns: number): string {
  let taken = 0;
  let fitting = '';
  for (const { text: grapheme, width } of graphemes(text)) {
    taken += width;
    if (taken > columns) break;
    fitting += grapheme;
  }
  return fitting;
}

function graphemeWidth(grapheme: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u.test(grapheme)) return 0;
  if (/\p{Emoji_Presentation}|\ufe0f/u.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0)!;
  return wideBlocks.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
