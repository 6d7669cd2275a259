// Makes tasks/held-out-stories.jsonl.gz: whole stories of the validation split of TinyStories, which no model here learned from.
//
//     node dist/recipes/prepare-held-out.js TinyStories-valid.txt

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { root } from './recipe.ts';

const [minWords, maxWords, most] = [80, 250, 256];

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: prepare-held-out STORIES.txt or .txt.gz');
const bytes = readFileSync(path);
const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
// a story begins where one always does; those in between that begin otherwise can't be told from its paragraphs
const isBeginning = (paragraph: string): boolean =>
  /^(Once upon a time|One day|There (was|once))/.test(paragraph);
const stories: string[][] = [];
for (const paragraph of text.split(/\n{2,}/).map((part) => part.trim())) {
  if (isBeginning(paragraph)) stories.push([paragraph]);
  else stories.at(-1)?.push(paragraph);
}
const whole = stories
  .filter(([first]) => first.startsWith('Once upon a time'))
  .map((story) => story.join('\n\n'))
  .filter((story) => {
    const words = story.split(/\s+/).length;
    return words >= minWords && words <= maxWords && /[.!?"]$/.test(story);
  });
const rows = whole.slice(0, most).map((story) => `${JSON.stringify({ text: story })}\n`);
writeFileSync(join(root, 'tasks/held-out-stories.jsonl.gz'), gzipSync(rows.join(''), { level: 9 }));
process.stderr.write(`${rows.length} of ${whole.length} stories\n`);
