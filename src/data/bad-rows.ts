import { bytesText } from '../base/format-bytes.ts';
import { counted } from '../base/format-count.ts';
import { FileError } from '../base/errors.ts';

/** Why a row cannot be used. */
export type BadRowReason =
  | 'not UTF-8'
  | 'not JSON'
  | 'no such field'
  | 'not a text'
  | 'empty'
  | 'half a surrogate pair'
  | 'too long'
  | 'damaged gzip'
  | 'no conversation'
  | 'no conversation but a pair'
  | 'no pair but a conversation'
  | 'no answer'
  | 'no chosen answer'
  | 'no rejected answer'
  | 'equal answers'
  | 'answers to different questions'
  | 'unknown role'
  | 'not a tool call'
  | 'not a list of tools'
  | 'tool calls that the chat template leaves out'
  | 'a weight other than 0 and 1'
  | 'nothing of weight 1'
  | 'an answer labelled as bad'
  | 'refused by the chat template'
  | 'too long for the context';

/** A row that can't be read: where it is, and why. */
export interface BadRow {
  readonly path: string;
  /** From 1 on. */
  readonly line: number;
  readonly reason: BadRowReason;
}

/** What was read and what was skipped. */
export interface RowCounts {
  readonly good: number;
  readonly bad: Readonly<Partial<Record<BadRowReason, number>>>;
  /** The first thousand bad rows. */
  readonly examples: readonly BadRow[];
}

const EXAMPLES = 1000;

/** Counts rows while they are read: lines of a text, objects of a .jsonl file. */
export class RowCounter {
  #good = 0;
  readonly #bad: Partial<Record<BadRowReason, number>> = {};
  readonly #examples: BadRow[] = [];

  good(): void {
    this.#good++;
  }

  bad(row: BadRow): void {
    this.#bad[row.reason] = (this.#bad[row.reason] ?? 0) + 1;
    if (this.#examples.length < EXAMPLES) this.#examples.push(row);
  }

  counts(): RowCounts {
    return { good: this.#good, bad: { ...this.#bad }, examples: [...this.#examples] };
  }
}

/** How many rows couldn't be read, for whatever reason. */
export const badRows = ({ bad }: RowCounts): number =>
  Object.values(bad).reduce((sum, count) => sum + count, 0);

/** A longer row, in bytes, is skipped and reported; what it holds is not kept in memory. */
export const LONGEST_ROW = 2 ** 24;

/** Reasons that an option does away with. */
const hints: Partial<Record<BadRowReason, string>> = {
  'too long': `a row has at most ${bytesText(LONGEST_ROW)}`,
  'no such field': '--field names the one with the text',
  'no conversation but a pair': '--learn preferences is for pairs of answers',
  'no pair but a conversation': '--learn answers is for conversations',
};

/** One line on the bad rows: how many for which reason, the first of them, and the option that reads them, if there is one. */
export function describeBadRows({ bad, examples }: RowCounts): string {
  const reasons = Object.entries(bad).map(([reason, count]) => `${count} ${reason}`);
  const first = examples.slice(0, 3).map(({ path, line, reason }) => `${path}:${line} ${reason}`);
  const named = `${reasons.join(', ')} (${first.join('; ')}${examples.length > 3 ? '; …' : ''})`;
  const hinted = Object.keys(bad).flatMap((reason) => hints[reason as BadRowReason] ?? []);
  return [named, ...hinted].join('; ');
}

/** A line for people on the rows that were skipped; none where there are none. */
export function passedOver(rows: RowCounts): string[] {
  const count = badRows(rows);
  return count > 0 ? [`skipped ${counted(count, 'row')}: ${describeBadRows(rows)}`] : [];
}

/**
 * Refuses data of which too much cannot be read, or nothing can.
 *
 * @param remedy  what a person can do about rows that can't be read
 * @throws FileError
 */
export function checkRows(
  counts: RowCounts,
  paths: readonly string[],
  maximumBadShare: number,
  remedy?: string,
): void {
  const bad = badRows(counts);
  const all = counts.good + bad;
  // where none is good, a larger share would be of no use
  const allow =
    counts.good > 0
      ? ', or allow a larger share with --maximum-bad-share (maximumBadShare in a program)'
      : '';
  if (bad > maximumBadShare * all)
    throw new FileError(
      counts.examples[0].path,
      `at most ${100 * maximumBadShare} % unreadable rows`,
      `${bad} of ${all}: ${describeBadRows(counts)}`,
      remedy ?? `mend the rows${allow}`,
    );
  if (counts.good === 0)
    throw new FileError(paths.join(', '), 'text to learn from', 'none', 'name files with text');
}
