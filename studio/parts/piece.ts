import type { Cell } from '../core/recording.ts';
import { maskShape, shownText, styleOf } from '../core/shown.ts';

/**
 * An element for what stands at a position: its blank in front, which is never coloured, so that a line that breaks there ends
 * clean, and what is seen of it.
 */
export function pieceElement(): HTMLElement {
  const piece = document.createElement('span');
  piece.append('', document.createElement('i'));
  return piece;
}

const show = (piece: HTMLElement, blank: string, seen: string, width: string): void => {
  const word = piece.lastElementChild as HTMLElement;
  piece.firstChild!.nodeValue = blank;
  word.textContent = seen;
  word.style.width = width;
};

/** Gives a piece the text and the look of what stands there now; whether it is final stays. */
export function dressPiece(
  piece: HTMLElement,
  { token, text, confidence }: Pick<Cell, 'token' | 'text' | 'confidence'>,
): void {
  const isFinal = piece.classList.contains('final');
  const seen = shownText(token, text);
  const blank = /^ +(?=[^ ])/.exec(seen)?.[0] ?? '';
  show(piece, blank, seen.slice(blank.length), '');
  piece.className = `token ${styleOf(token, confidence)}`;
  piece.classList.toggle('end', text === '');
  piece.classList.toggle('line', text.includes('\n'));
  piece.classList.toggle('final', isFinal);
}

/** Makes a piece a bar as long as the word that comes there, where that is known, with its blank in front. */
export function dressMask(piece: HTMLElement, position: number, coming?: string): void {
  const isFinal = piece.classList.contains('final');
  const { characters, hasBlank } = maskShape(position, coming);
  show(piece, hasBlank ? ' ' : '', shownText(null, ''), `${characters}ch`);
  piece.className = coming === '' ? 'token mask end' : 'token mask';
  piece.classList.toggle('final', isFinal);
}
