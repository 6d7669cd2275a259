import { checkRows, RowCounter } from '../data/bad-rows.ts';
import { readDocuments } from '../data/documents.ts';
import { findSources } from '../data/sources.ts';

/** How texts lie in a file. */
export interface TextsOptions {
  /** The field of a .jsonl row that holds the text. Default: text. */
  readonly field?: string;
  /** What stands between the texts of a .txt file. Default: a file is one text. */
  readonly separator?: string;
}

/**
 * The texts of a file or directory, as `unmask train` reads documents.
 *
 * @throws FileError  when it isn't there, holds no text, or half of its rows can't be read
 */
export async function readTexts(path: string, options: TextsOptions = {}): Promise<string[]> {
  const rows = new RowCounter();
  const texts: string[] = [];
  let text = '';
  for await (const part of readDocuments(findSources([path]), rows, options)) {
    text += part.text;
    if (!part.ends) continue;
    texts.push(text);
    text = '';
  }
  checkRows(rows.counts(), [path], 0.5, 'mend the rows');
  return texts;
}
