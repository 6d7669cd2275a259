// Makes the conversations that models/talk learns from, of the stories that models/stories learned from: one a line, {"turns": [...]}.
//
//     node dist/recipes/prepare-talk.js FOLDER     writes FOLDER/conversations.jsonl
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conversationsOf } from './talk/conversations.ts';
import { storiesOf } from './talk/stories.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: prepare-talk FOLDER\n');
  process.exit(2);
}
const conversations = [...conversationsOf(storiesOf('learned'), 1)].map(({ turns }) => turns);
mkdirSync(folder, { recursive: true });
const lines = conversations.map((turns) => `${JSON.stringify({ turns })}\n`);
writeFileSync(join(folder, 'conversations.jsonl'), lines.join(''));
process.stdout.write(`${lines.length} conversations, ${conversations.flat().length / 2} answers\n`);
