import type { Output } from '../command.ts';
import { fit, widthOf } from './width.ts';

/** Columns of a text of help, on a terminal of so many. */
export const helpWidth = (columns: number): number => Math.min(Math.max(columns, 40), 110);

/** Two columns, the second wrapped; below the first where the terminal is too narrow for both. */
export function wrappedTable(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.max(...rows.map(([term]) => term.length)) + 4;
  if (width - left < 24) {
    return rows
      .map(
        ([term, text]) =>
          `  ${term}\n${wrapped(text, width - 6)
            .map((line) => `      ${line}\n`)
            .join('')}`,
      )
      .join('');
  }
  return rows
    .map(([term, text]) => {
      const lines = wrapped(text, width - left);
      return lines
        .map((line, i) => `${(i === 0 ? `  ${term}` : '').padEnd(left)}${line}`.trimEnd() + '\n')
        .join('');
    })
    .join('');
}

/** A text in lines that break between words; a word that is longer than a line has one of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (widthOf(lines[last]) + 1 + widthOf(word) <= width) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * A text in lines that fit a terminal; elsewhere in one.
 *
 * @param taken  columns that something else takes of each line
 * @param least  columns that a line has at least
 */
export const linesFor = (
  text: string,
  { isTTY, columns = 80 }: Output,
  { taken = 0, least = 0 } = {},
): string[] => (isTTY ? wrapped(text, Math.max(least, columns - taken)) : [text]);

/**
 * As much of a line as fits into some columns, up to a blank where there is one: what is drawn again and again on one line may
 * neither wrap nor end within a word.
 */
export function cutBetweenWords(line: string, columns: number): string {
  const cut = fit(line, columns);
  if (cut === line || line[cut.length] === ' ') return cut.trimEnd();
  const end = cut.lastIndexOf(' ');
  return (end > 0 ? cut.slice(0, end) : cut).trimEnd();
}
