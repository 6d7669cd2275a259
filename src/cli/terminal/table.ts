import { widthOf } from './width.ts';

/** Columns of the first cell below which a table isn't one any more. */
const minName = 12;
const gap = 2;

/**
 * A table that fits a terminal: names at the left, numbers under each other at the right. Names and heads break between words;
 * where not even that leaves room, each row becomes lines of its own. A row of a name alone is a title of those below it.
 *
 * @param columns  of the terminal. Default: 80
 */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[], columns = 80): string {
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(widthOf));
  const widths = head.map((title, c) =>
    widest([...title.split(' '), ...(c === 0 ? [] : rows.map((row) => row[c] ?? ''))]),
  );
  const numbers = widths.slice(1).reduce((sum, width) => sum + gap + width, 0);
  const longest = widest([head[0], ...rows.filter((row) => row.length > 1).map(([name]) => name)]);
  const nameWidth = Math.min(longest, columns - numbers);
  if (nameWidth < Math.min(longest, minName)) return stacked(head, rows, columns);

  const lineOf = (cells: readonly string[]): string =>
    [
      padEnd(cells[0] ?? '', nameWidth),
      ...widths.slice(1).map((width, c) => ' '.repeat(gap) + padStart(cells[c + 1] ?? '', width)),
    ]
      .join('')
      .trimEnd();
  const heads = head.map((title, c) => broken(title, c === 0 ? nameWidth : widths[c]));
  const height = Math.max(...heads.map(({ length }) => length));
  const top = Array.from({ length: height }, (_, line) =>
    lineOf(heads.map((lines) => lines[line - (height - lines.length)] ?? '')),
  );
  const body = rows.flatMap(([name, ...cells]) => {
    if (cells.length === 0) return broken(name, columns, '  ');
    const [first, ...rest] = broken(name, nameWidth, '  ');
    return [lineOf([first, ...cells]), ...rest.map((part) => lineOf([part]))];
  });
  return [...top, ...body, ''].join('\n');
}

/** Each row as lines: its name, then every number with its head. */
function stacked(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const width = Math.max(...head.slice(1).map(widthOf));
  return rows
    .flatMap(([name, ...cells]) => [
      ...broken(name, columns, '  '),
      ...cells.flatMap((cell, c) => broken(`  ${padEnd(head[c + 1], width)}  ${cell}`, columns, '    ')),
    ])
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A text in lines of at most so many columns, broken after blanks and slashes, and inside a word only where it must be. */
function broken(text: string, columns: number, indent = ''): string[] {
  const width = Math.max(columns, indent.length + 1); // a line takes something of the word
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=[ /])/)) {
    if (line !== '' && widthOf((line + word).trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = indent + word;
    } else line += word;
    while (widthOf(line.trimEnd()) > width) {
      lines.push(line.slice(0, width));
      line = indent + line.slice(width);
    }
  }
  return [...lines, line.trimEnd()];
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;
