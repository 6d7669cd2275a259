import { TemplateProblem } from './problems.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** A text as HTML that shows it. */
export const escapeHtml = (text: string): string => text.replace(/[&<>'"]/g, (sign) => ESCAPES[sign]);

/** The names of characters that are known here; HTML has two thousand. */
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** The text that HTML shows. @throws TemplateProblem  for the name of a character that isn't known here */
export function unescapeHtml(html: string): string {
  return html.replace(
    /&(?:#(\d{1,7});?|#x([\da-f]{1,6});?|([a-z]\w*);)/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) {
        if (Object.hasOwn(NAMED, name)) return NAMED[name];
        throw new TemplateProblem('LimitError', `the HTML name ${whole}, which isn't known`);
      }
      const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
      return code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)
        ? '\ufffd'
        : String.fromCodePoint(code);
    },
  );
}

/** A text without comments and tags, its blanks being single spaces. */
export function stripTags(html: string, words: (text: string) => readonly string[]): string {
  const within = (text: string, open: string, close: string): string => {
    let kept = '';
    let from = 0;
    for (;;) {
      const start = text.indexOf(open, from);
      const end = start < 0 ? -1 : text.indexOf(close, start);
      if (end < 0) return kept + text.slice(from);
      kept += text.slice(from, start);
      from = end + close.length;
    }
  };
  return unescapeHtml(words(within(within(html, '<!--', '-->'), '<', '>')).join(' '));
}
