import type { Io, Output } from '../command.ts';
import { colorsFor, palette } from './colors.ts';
import type { LaidOutLine } from './layout.ts';
import type { LiveLine } from './live.ts';

/** How a line of a canvas is sent to an output: each piece in the colour of how sure it is, what is fresh underlined. */
export function linePainter(output: Output, env: Io['env']): (line: LaidOutLine) => LiveLine {
  const colors = colorsFor(output, env);
  const paint = palette(colors);
  return ({ pieces, width }) => {
    const text = pieces.map((piece) => {
      const painted = paint[piece.style](piece.text);
      return piece.fresh ? colors.underline(painted) : painted;
    });
    return { text: text.join(''), width };
  };
}

/** A bar of at most 20 columns; none where there are fewer than four. @param share  that is done; NaN where there is nothing to do */
export function progressBar(share: number, columns: number): string {
  const width = Math.min(20, columns);
  if (width < 4) return '';
  const done = Math.round(width * (Number.isNaN(share) ? 1 : share));
  return '━'.repeat(done) + '─'.repeat(width - done);
}
