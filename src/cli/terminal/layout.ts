import type { Cell } from './cells.ts';
import { graphemes } from './width.ts';

/** One line on the screen: its styled pieces, its columns, and whether something happened in it. */
export interface LaidOutLine {
  readonly pieces: readonly Cell[];
  readonly width: number;
  readonly busy: boolean;
}

/** Breaks cells into lines of at most `columns`, at spaces and between masks where there are any. */
export function layOut(cells: readonly Cell[], columns: number): LaidOutLine[] {
  const paragraphs: Glyph[][] = [[]];
  for (const glyph of cells.flatMap(glyphsOf)) {
    if (glyph.text === '\n') paragraphs.push([]);
    else paragraphs[paragraphs.length - 1].push(glyph);
  }
  return paragraphs.flatMap((glyphs) => Array.from(breakLines(glyphs, columns), lineOf));
}

function* breakLines(glyphs: readonly Glyph[], columns: number): Generator<readonly Glyph[]> {
  let from = 0;
  do {
    let to = from;
    for (let width = 0; to < glyphs.length; to++) {
      width += glyphs[to].width;
      if (width > columns && to > from) break;
    }
    const end = to < glyphs.length ? lastBreak(glyphs, from, to) : to;
    yield glyphs.slice(from, end);
    from = glyphs[end]?.text === ' ' ? end + 1 : end; // the space at which a line breaks isn't drawn
  } while (from < glyphs.length);
}

/** The last place up to `to` where a line may end; `to` itself where there is none. */
function lastBreak(glyphs: readonly Glyph[], from: number, to: number): number {
  for (let end = to; end > from; end--) {
    const [before, after] = [glyphs[end - 1].cell, glyphs[end].cell];
    if (glyphs[end].text === ' ') return end;
    if (before !== after && (before.style === 'mask' || after.style === 'mask')) return end;
  }
  return to;
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
function lineOf(glyphs: readonly Glyph[]): LaidOutLine {
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
export function windowOf(
  lines: readonly LaidOutLine[],
  height: number,
): { from: number; lines: readonly LaidOutLine[] } {
  if (lines.length <= height) return { from: 0, lines };
  const focus = Math.max(
    0,
    lines.findIndex((line) => line.busy),
  );
  const from = Math.min(Math.max(0, focus - Math.floor(height / 3)), lines.length - height);
  return { from, lines: lines.slice(from, from + height) };
}
