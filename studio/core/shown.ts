import { type Style, styleOf as levelOf } from '../../src/cli/terminal/cells.ts';
import { visible } from '../../src/cli/terminal/visible.ts';

/** How a position looks: as on the terminal, by how sure the model was; `filled` is a token that was not predicted. */
export function styleOf(token: number | null, confidence: number | null): Style | 'filled' {
  if (token === null) return 'mask';
  return confidence === null ? 'filled' : levelOf(confidence);
}

/** The text of a position as it can be seen: a mask as shades, an end token as a dot, control characters as signs. */
export function shownText(token: number | null, text: string): string {
  if (token === null) return '▒▒▒';
  return text === '' ? '·' : visible(text);
}

/** A token in a list: where it stands alone, blanks and line ends have marks. */
export function tokenName(token: number | null, text: string): string {
  const seen = shownText(token, text);
  return seen.trim() === '' ? seen.replaceAll(' ', '␣').replaceAll('\n', '↵') : seen;
}

/** What a mask is drawn as: a bar of so many characters, behind a blank or not. */
export interface MaskShape {
  readonly characters: number;
  readonly hasBlank: boolean;
}

/** Lengths of English words, as they are mixed. */
const wordLengths = [3, 5, 2, 4, 3, 6, 4, 2, 7, 3, 4, 5];
const longestMask = 14;

/**
 * The shape of the mask at a position: of the token that will stand there, where a recording knows it, so that nothing moves
 * when it comes; else of some word.
 */
export function maskShape(position: number, coming?: string): MaskShape {
  if (coming === undefined)
    return { characters: wordLengths[(position * 7) % wordLengths.length], hasBlank: true };
  // what ends a text is a row of dots, and no slab
  if (coming === '') return { characters: 1, hasBlank: true };
  const characters = visible(coming.trim()).length;
  return { characters: Math.max(1, Math.min(longestMask, characters)), hasBlank: coming.startsWith(' ') };
}

/** Whether a text is mostly line ends, which nobody would see. */
export const isMostlyLines = (text: string): boolean =>
  text.length > 0 && (text.match(/\n/g)?.length ?? 0) > text.length / 4;

export const percent = (probability: number): string =>
  probability > 0.9995 ? '100 %' : `${(100 * probability).toFixed(1)} %`;
