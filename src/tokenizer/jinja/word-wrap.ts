import { codePointCount, codePoints } from './sequences.ts';
import { valueError } from './problems.ts';
import { lines, strip } from './text-search.ts';
import type { Work } from './work.ts';

/** How `wordwrap` breaks lines. */
export interface WrapForm {
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
  readonly newline: string;
}

/** A text in lines of at most some width, as Python's `textwrap` breaks it; each line of it by itself. */
export function wordWrap(text: string, form: WrapForm, work: Work): string {
  work.rewrite(text.length);
  if (form.width <= 0) throw valueError(`invalid width ${form.width} (must be > 0)`);
  const all = lines(text).map((line) => wrapLine(line, form, work).join(form.newline));
  return work.text(all.join(form.newline));
}

const WORD = '[\\p{L}\\p{N}_]';
const PUNCTUATED = '[\\p{L}\\p{N}_!"\'&.,?]';
const LETTER = '(?:(?!\\p{Nd})[\\p{L}\\p{N}_])';
const BLANK = '[\\t\\n\\v\\f\\r ]';
const CHUNKS = new RegExp(
  `${BLANK}+|(?<=${PUNCTUATED})-{2,}(?=${WORD})|[^\\t\\n\\v\\f\\r ]+?(?:-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${LETTER}-))(?=${LETTER}-?${LETTER})|(?=${BLANK}|$)|(?<=${PUNCTUATED})(?=-{2,}${WORD}))`,
  'gu',
);
const SIMPLE_CHUNKS = new RegExp(`${BLANK}+|[^\\t\\n\\v\\f\\r ]+`, 'gu');

const isBlank = (chunk: string): boolean => strip(chunk, undefined, 'both') === '';

function wrapLine(line: string, form: WrapForm, work: Work): string[] {
  const chunks = line.match(form.breakOnHyphens ? CHUNKS : SIMPLE_CHUNKS) ?? [];
  work.items(chunks.length);
  const wrapped: string[] = [];
  chunks.reverse();
  while (chunks.length > 0) {
    work.items(wrapped.length);
    if (wrapped.length > 0 && isBlank(chunks.at(-1)!)) chunks.pop();
    const current: string[] = [];
    let room = form.width;
    while (chunks.length > 0 && fits(chunks.at(-1)!, room)) {
      room -= codePointCount(chunks.at(-1)!);
      current.push(chunks.pop()!);
    }
    if (chunks.length > 0 && !fits(chunks.at(-1)!, form.width)) placeLongWord(chunks, current, room, form);
    if (current.length > 0 && isBlank(current.at(-1)!)) current.pop();
    if (current.length > 0) wrapped.push(current.join(''));
  }
  return wrapped;
}

/** Whether a text has at most so many characters. */
const fits = (text: string, count: number): boolean =>
  text.length <= count || (text.length <= 2 * count && codePointCount(text) <= count);

/** The first characters of a text. */
function head(text: string, count: number): string {
  const start = text.slice(0, 2 * count);
  const points = codePoints(start).slice(0, count);
  return typeof points === 'string' ? points : points.join('');
}

/** A word that fits on no line is cut where it may be, or stands on a line of its own. */
function placeLongWord(chunks: string[], current: string[], room: number, form: WrapForm): void {
  if (!form.breakLongWords) {
    if (current.length === 0) current.push(chunks.pop()!);
    return;
  }
  const word = chunks.pop()!;
  let start = head(word, room);
  const hyphen = form.breakOnHyphens && start.length < word.length ? start.lastIndexOf('-') : -1;
  if (hyphen > 0 && /[^-]/.test(start.slice(0, hyphen))) start = start.slice(0, hyphen + 1);
  current.push(start);
  chunks.push(word.slice(start.length));
}
