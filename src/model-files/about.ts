import { beginningOf } from './licence.ts';

/** Characters that are told at most. */
const maxCharacters = 260;

/**
 * What a model is, in the first sentences of its card (README.md), or nothing where it has none: the first paragraph of text,
 * without marks of Markdown.
 */
export async function aboutOf(directory: string): Promise<string | undefined> {
  const card = (await beginningOf(directory, 'README.md')).replace(/^---\n[\s\S]*?\n---\n/, '');
  const paragraph = card
    .split(/\n\s*\n/)
    .map((one) => one.trim())
    .find((one) => /^[\p{L}\p{N}`*_]/u.test(one) && !/^(?:[*-] |\d+\. |```)/.test(one));
  return paragraph === undefined ? undefined : sentencesOf(plain(paragraph));
}

/** Without pictures, with the words of links, and without marks. */
const plain = (markdown: string): string =>
  markdown
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]*>|[*`]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Whole sentences as far as there is room, at least one, which is cut where it is too long. */
function sentencesOf(text: string): string | undefined {
  if (text.length <= maxCharacters) return text.replace(/:$/, '.') || undefined;
  const beginning = text.slice(0, maxCharacters);
  const end = beginning.search(/[.!?] (?!.*[.!?] )/);
  return end > 0 ? beginning.slice(0, end + 1) : `${beginning.replace(/\s+\S*$/, '')} …`;
}
