import type { Cell } from './cells.ts';
import { graphemes } from './width.ts';

/** One line on the screen: its styled pieces, its columns, and whether something happened in it. */
export interface Line {
  readonly pieces: readonly Cell[];
  readonly width: number;
  readonly busy: boolean;
}

/** Breaks cells into lines of at most `columns`, at spaces where there are any. */
export function layOut(cells: readonly Cell[], columns: number): Line[] {
  const lines: Line[] = [];
  let line: Glyph[] = [];
  let width = 0;
  const close = (glyphs: readonly Glyph[]): void => {
    lines.push(lineOf(glyphs));
  };
  for (const glyph of cells.flatMap(glyphsOf)) {
    if (glyph.text === '\n') {
      close(line);
      [line, width] = [[], 0];
      continue;
    }
    if (width + glyph.width > columns && line.length > 0) {
      const space = glyph.text === ' ' ? line.length : line.findLastIndex(({ text }) => text === ' ');
      const end = space > 0 ? space : line.length;
      close(line.slice(0, end));
      line = line.slice(space > 0 ? end + 1 : end); // the space at which a line breaks isn't drawn
      width = line.reduce((sum, each) => sum + each.width, 0);
      if (glyph.text === ' ') continue;
    }
    line.push(glyph);
    width += glyph.width;
  }
  close(line);
  return lines;
}

interface Glyph {
  readonly text: string;
  readonly width: number;
  readonly cell: Cell;
}

function glyphsOf(cell: Cell): Glyph[] {
  return graphemes(cell.text).map(({ text, width }) => ({ text, width, cell }));
}

/** Joins the glyphs of one cell again, so that a line has one colour code a token. */
function lineOf(glyphs: readonly Glyph[]): Line {
  const pieces: Cell[] = [];
  let last: Cell | undefined;
  for (const { text, cell } of glyphs) {
    if (cell === last) pieces[pieces.length - 1] = { ...cell, text: pieces[pieces.length - 1].text + text };
    else pieces.push({ ...cell, text });
    last = cell;
  }
  const width = glyphs.reduce((sum, glyph) => sum + glyph.width, 0);
  return { pieces, width, busy: glyphs.some(({ cell }) => cell.fresh || cell.style === 'mask') };
}

/**
 * The part of a long text that fits on the screen: `height` lines, with the first line where something happens
 * in the upper third.
 */
export function windowOf(lines: readonly Line[], height: number): { from: number; lines: readonly Line[] } {
  if (lines.length <= height) return { from: 0, lines };
  const focus = Math.max(
    0,
    lines.findIndex((line) => line.busy),
  );
  const from = Math.min(Math.max(0, focus - Math.floor(height / 3)), lines.length - height);
  return { from, lines: lines.slice(from, from + height) };
}
