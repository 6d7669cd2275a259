import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { splitDocuments } from '../../src/data/split.ts';
import { root } from '../recipe.ts';

/** The stories that models/stories learned from, or the 2 % that it never read; nor has models/talk. */
export function storiesOf(which: 'learned' | 'held out'): string[] {
  const packed = readFileSync(join(root, 'models/stories/stories.jsonl.gz'));
  const stories = gunzipSync(packed)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);
  const ends = Float64Array.from(stories, (_, i) => i + 1);
  const { training, validation } = splitDocuments(ends, 0.02);
  return (which === 'learned' ? training : validation).map(({ start }) => stories[start]);
}
