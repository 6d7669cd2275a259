import type { Cell as Piece } from '../../src/cli/terminal/cells.ts';
import { layOut, type LaidOutLine } from '../../src/cli/terminal/layout.ts';
import type { Recording } from './recording.ts';
import { shownText, styleOf } from './shown.ts';

/** A frame of a recording in lines of at most so many characters, behind the text that was given. */
export function linesAt(recording: Recording, frame: number, given: string, columns: number): LaidOutLine[] {
  const fresh = new Set(recording.facts(frame).changed);
  const cells = recording.canvasAt(frame).map(({ token, text, confidence }, position): Piece => {
    const style = token !== null && text === '' ? 'special' : styleOf(token, confidence);
    return {
      text: shownText(token, text),
      style: style === 'filled' ? 'special' : style,
      fresh: fresh.has(position),
    };
  });
  return layOut([{ text: shownText(0, given), style: 'given', fresh: false }, ...cells], columns);
}

/** At most `most` of the frames 0 … size − 1, evenly, with the first and the last. */
export function framesAmong(size: number, most: number): number[] {
  const count = Math.min(size, most);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? size - 1 : Math.round((i * (size - 1)) / (count - 1)),
  );
}
