/** A stretch of an old text, and what stands there in the new one. */
export interface Hunk {
  readonly from: number;
  /** Behind the last; `from` where something is only added. */
  readonly to: number;
  readonly text: string;
}

/** Words, runs of white space, and single signs. */
const words = (text: string): string[] => text.match(/[\p{L}\p{N}\p{M}'’_]+|\s+|[\s\S]/gu) ?? [];

/** More cells than this aren't compared word by word. */
const maxCells = 4_000_000;

/**
 * What has to change in a text to make another of it, word by word: by a longest common subsequence of their words. Hunks
 * are in order and don't touch.
 */
export function wordDiff(before: string, after: string): Hunk[] {
  const [a, b] = [words(before), words(after)];
  if (a.length * b.length > maxCells) return [{ from: 0, to: before.length, text: after }];
  // common[i][j]: the length of the longest common subsequence behind i and j
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);

  const hunks: Hunk[] = [];
  let [i, j, at] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      at += a[i++].length;
      j++;
      continue;
    }
    const from = at;
    let text = '';
    while (i < a.length || j < b.length) {
      // a single space between two changed words belongs to the change
      if (i < a.length && j < b.length && a[i] === b[j] && !joins(a, b, i, j)) break;
      if (i < a.length && j < b.length && a[i] === b[j]) {
        at += a[i++].length;
        text += b[j++];
      } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) at += a[i++].length;
      else text += b[j++];
    }
    const old = before.slice(from, at);
    let same = 0;
    while (
      same < Math.min(old.length, text.length) &&
      /\s/.test(old.at(-1 - same)!) &&
      old.at(-1 - same) === text.at(-1 - same)
    )
      same++;
    hunks.push({ from, to: at - same, text: text.slice(0, text.length - same) });
  }
  return hunks;
}

/** Whether what is common here is white space alone, and what follows differs again. */
const joins = (a: readonly string[], b: readonly string[], i: number, j: number): boolean =>
  /^\s+$/.test(a[i]) && i + 1 < a.length && j + 1 < b.length && a[i + 1] !== b[j + 1];
