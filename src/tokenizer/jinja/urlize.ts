import { escapeHtml } from './html.ts';
import { PYTHON_BLANK } from './lexer.ts';
import { codePoints } from './sequences.ts';
import { TemplateProblem } from './problems.ts';
import type { Work } from './work.ts';

/** How `urlize` writes a link. */
export interface LinkForm {
  /** How much of an address is shown. */
  readonly limit?: number;
  readonly nofollow: boolean;
  readonly target?: string;
  readonly rel: string;
  readonly schemes: readonly string[];
}

const BLANKS = new RegExp(`(${PYTHON_BLANK}+)`);
const WORD = '[\\p{L}\\p{N}_]';
const ADDRESS = new RegExp(
  `^(?:(?:https?://|www\\.)(?:(?:[\\p{L}\\p{N}_%-]+\\.)+)?(?:[a-z]{2,63}|xn--[\\p{L}\\p{N}_%]{2,59})|(?:[\\p{L}\\p{N}_%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)|https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\]))(?::\\p{Nd}{1,5})?(?:[/?#].*)?\\n?$`,
  'iu',
);
const EMAIL = new RegExp(`^.+@${WORD}[\\p{L}\\p{N}_.\\-]*\\.${WORD}+$`, 'u');

/** HTML with the addresses in it made links, as Jinja finds them. */
export function urlize(html: string, form: LinkForm, work: Work): string {
  for (const scheme of form.schemes)
    if (!/^[\p{L}\p{N}_.+-]{2,}:\/{0,2}$/u.test(scheme))
      throw new TemplateProblem('FilterArgumentError', `'${scheme}' is not a valid URI scheme prefix.`);
  const rel = new Set([
    ...form.rel.split(/\s+/).filter(Boolean),
    ...(form.nofollow ? ['nofollow'] : []),
    'noopener',
  ]);
  const target = form.target === undefined ? '' : ` target="${escapeHtml(form.target)}"`;
  const attributes = ` rel="${escapeHtml([...rel].sort().join(' '))}"${target}`;
  return work.text(
    html
      .split(BLANKS)
      .map((word) => linked(word, attributes, form, work))
      .join(''),
  );
}

function linked(word: string, attributes: string, { limit, schemes }: LinkForm, work: Work): string {
  work.spend(1 + word.length / 4);
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? '';
  let middle = word.slice(head.length);
  let tail = '';
  for (let end; (end = /(?:[)>.,\n]|&gt;)$/.exec(middle)?.[0]) !== undefined;) {
    tail = end + tail;
    middle = middle.slice(0, -end.length);
  }
  for (const [open, close] of [
    ['(', ')'],
    ['<', '>'],
    ['&lt;', '&gt;'],
  ]) {
    const opened = middle.split(open).length - 1;
    if (opened < middle.split(close).length) continue;
    for (let moved = Math.min(opened, tail.split(close).length - 1); moved > 0; moved--) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
    }
  }
  return head + link(middle, attributes, limit, schemes) + tail;
}

function link(
  text: string,
  attributes: string,
  limit: number | undefined,
  schemes: readonly string[],
): string {
  const points = codePoints(text);
  const start = points.slice(0, limit);
  const shown =
    limit === undefined || points.length <= limit
      ? text
      : `${typeof start === 'string' ? start : start.join('')}...`;
  if (text.length < 10_000 && ADDRESS.test(text)) {
    const address = /^https?:\/\//.test(text) ? text : `https://${text}`;
    return `<a href="${address}"${attributes}>${shown}</a>`;
  }
  if (text.startsWith('mailto:') && EMAIL.test(text.slice(7)))
    return `<a href="${text}">${text.slice(7)}</a>`;
  if (/^(?!www\.|@)[^:]*@[^:]*$/.test(text) && EMAIL.test(text))
    return `<a href="mailto:${text}">${text}</a>`;
  return schemes.reduce(
    (whole, scheme) =>
      whole !== scheme && whole.startsWith(scheme) ? `<a href="${whole}"${attributes}>${whole}</a>` : whole,
    text,
  );
}
