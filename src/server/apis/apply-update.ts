/** A line that stands for code which stays: a comment with dots in it that says so. */
const isElision = (line: string): boolean => /^\W*\.\.\..*existing (code|content).*$/i.test(line.trim());

/**
 * A file with an update in it that names only what changes, and leaves out the rest by lines as
 * `// ... existing code ...`. Each piece between such lines goes where its first and last line are in the file; a piece at the
 * beginning or end of the update, without such a line there, begins or ends the file.
 *
 * @returns  undefined where a piece has no such line
 */
export function applyUpdate(original: string, update: string): string | undefined {
  const lines = original.split('\n');
  const pieces: string[][] = [[]];
  for (const line of update.split('\n')) {
    if (isElision(line)) pieces.push([]);
    else pieces.at(-1)!.push(line);
  }
  if (pieces.length === 1) return update;

  const result: string[] = [];
  let next = 0; // the first line of the file that isn't dealt with
  for (const [index, piece] of pieces.entries()) {
    const [isFirst, isLast] = [index === 0, index === pieces.length - 1];
    const trimmed = piece.filter((line) => line.trim() !== '');
    if (trimmed.length === 0) continue;
    const find = (line: string, from: number): number =>
      lines.findIndex((other, i) => i >= from && other.trim() === line.trim());
    const start = isFirst ? next : find(trimmed[0], next);
    const end = isLast ? lines.length - 1 : find(trimmed.at(-1)!, Math.max(start, next));
    // one of the two is enough where the piece adds lines at its other end
    if (start < 0 && end < 0) return undefined;
    const from = start >= 0 ? start : end;
    const to = end >= 0 ? end : start;
    result.push(...lines.slice(next, from), ...piece);
    next = to + 1;
  }
  return [...result, ...lines.slice(next)].join('\n');
}
