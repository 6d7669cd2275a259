import { relative, resolve, sep } from 'node:path';
import { isInside } from '../base/is-inside.ts';
import { type Replacement, replaced } from '../base/text-edits.ts';

/** Lines around a change that are shown with it. */
const context = 3;

/** A stretch of lines that is replaced by others, and where it begins: lines from 0. */
interface Block {
  readonly line: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * The changes of a text in the form that `patch` and `git apply` read, one line after another; nothing where nothing
 * changes.
 *
 * @param changes  in order, without overlap
 * @param path     of the text, as `diffPath` has it
 */
export function unifiedDiff(text: string, changes: readonly Replacement[], path: string): string[] {
  const lines = linesOf(text);
  const blocks = blocksOf(text, changes);
  if (blocks.length === 0) return [];
  const output = [`--- ${header('a', path)}`, `+++ ${header('b', path)}`];
  let shift = 0;
  for (let first = 0; first < blocks.length;) {
    let end = first + 1;
    while (end < blocks.length && blocks[end].line - lineEnd(blocks[end - 1]) <= 2 * context) end += 1;
    const hunk = blocks.slice(first, end);
    const from = Math.max(0, hunk[0].line - context);
    const to = Math.min(lines.length, lineEnd(hunk.at(-1)!) + context);
    const grown = hunk.reduce((sum, { before, after }) => sum + after.length - before.length, 0);
    output.push(`@@ -${range(from, to - from)} +${range(from + shift, to - from + grown)} @@`);
    let at = from;
    for (const block of hunk) {
      output.push(...signed(' ', lines.slice(at, block.line)));
      output.push(...signed('-', block.before), ...signed('+', block.after));
      at = lineEnd(block);
    }
    output.push(...signed(' ', lines.slice(at, to)));
    shift += grown;
    first = end;
  }
  return output;
}

/**
 * A file's path as `patch -p1` and `git apply` look for it from the working directory, with slashes. What lies outside
 * of that is called by its absolute path, for `patch -p1 -d /`.
 */
export function diffPath(file: string): string {
  const path = (isInside('.', file) ? relative('.', file) : resolve(file)).split(sep).join('/');
  return path.replace(/^\//, '');
}

/** A path in the folder of the old or the new text: quoted as git does it where a reader of the diff could mistake it. */
function header(folder: 'a' | 'b', path: string): string {
  const whole = `${folder}/${path}`;
  if (/["\\\p{Cc}]/u.test(whole)) {
    const escaped = Array.from(Buffer.from(whole), (byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
        ? `\\${byte.toString(8).padStart(3, '0')}`
        : String.fromCharCode(byte),
    );
    return `"${escaped.join('')}"`;
  }
  // a tab ends a path that has spaces
  return whole.includes(' ') ? `${whole}\t` : whole;
}

const lineEnd = ({ line, before }: Block): number => line + before.length;

/** Lines with their line feeds, which the last may lack. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const range = (line: number, count: number): string =>
  `${count === 0 ? line : line + 1}${count === 1 ? '' : `,${count}`}`;

const signed = (sign: string, lines: readonly string[]): string[] =>
  lines.flatMap((line) =>
    line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file'],
  );

/** The lines that the changes are in, without those at their ends that stay as they are. */
function blocksOf(text: string, changes: readonly Replacement[]): Block[] {
  const lines = linesOf(text);
  const starts = [0];
  for (const line of lines) starts.push(starts.at(-1)! + line.length);
  const lineAt = (at: number): number =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= at),
    );
  const groups: { first: number; end: number; changes: Replacement[] }[] = [];
  for (const change of changes) {
    const [first, end] = [lineAt(change.start), Math.min(lines.length, lineAt(change.end) + 1)];
    const last = groups.at(-1);
    if (last && first < last.end) {
      last.end = Math.max(last.end, end);
      last.changes.push(change);
    } else groups.push({ first: Math.min(first, lines.length), end, changes: [change] });
  }
  return groups.flatMap(({ first, end, changes }): Block[] => {
    const offset = starts[first] ?? text.length;
    const old = text.slice(offset, starts[end] ?? text.length);
    const moved = changes.map((change) => ({
      ...change,
      start: change.start - offset,
      end: change.end - offset,
    }));
    const [before, after] = [linesOf(old), linesOf(replaced(old, moved))];
    let same = 0;
    while (same < Math.min(before.length, after.length) && before[same] === after[same]) same += 1;
    let tail = 0;
    while (
      tail < Math.min(before.length, after.length) - same &&
      before.at(-1 - tail) === after.at(-1 - tail)
    )
      tail += 1;
    const [left, right] = [before.slice(same, before.length - tail), after.slice(same, after.length - tail)];
    return left.length + right.length === 0 ? [] : [{ line: first + same, before: left, after: right }];
  });
}
