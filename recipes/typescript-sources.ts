import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { splitDocuments } from '../src/data/split.ts';
import { root } from './recipe.ts';

/** The sources of models/typescript: those that its recipes learn from, and the 2 % of them that none does. */
export function typescriptSources(): { readonly learned: string[]; readonly heldOut: string[] } {
  const texts = gunzipSync(readFileSync(join(root, 'models/typescript/sources.jsonl.gz')))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);
  const { training, validation } = splitDocuments(
    Float64Array.from(texts, (_, i) => i + 1),
    0.02,
  );
  return {
    learned: training.map(({ start }) => texts[start]),
    heldOut: validation.map(({ start }) => texts[start]),
  };
}
