import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { splitDocuments } from '../data/split.ts';
import { keptTokens } from '../data/token-store.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import { defaults } from '../training/defaults.ts';
import { openRun } from './open-run.ts';

/**
 * The beginning of the text that a run kept for validation, as its tokenizer has it.
 *
 * @param tokens  at most
 * @returns       undefined of what is no run, or has kept no text
 */
export async function heldOutText(directory: string, tokens = 4096): Promise<string | undefined> {
  if (!existsSync(join(directory, 'options.json'))) return undefined;
  const { validationShare = defaults.validationShare } = (await openRun(directory)).options;
  const tokenizer = await loadTokenizer(join(directory, 'tokenizer'));
  const store = keptTokens(join(directory, 'tokens'), tokenizer);
  if (!store) return undefined;
  const texts: string[] = [];
  let left = tokens;
  for (const { start, end } of splitDocuments(store.ends, validationShare).validation) {
    if (left <= 0) break;
    const ids = store.ids.subarray(start, Math.min(end, start + left));
    texts.push(tokenizer.decode(ids));
    left -= ids.length;
  }
  return texts.join('\n\n') || undefined;
}
