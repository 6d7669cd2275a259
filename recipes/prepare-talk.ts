// Makes the conversations that models/talk learns from, of the stories that models/stories learned from: one a line, {"turns": [...]}.
//
//     node dist/recipes/prepare-talk.js FOLDER     writes FOLDER/openings.jsonl, up to a story's first part, and conversations.jsonl
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conversationsOf } from './talk/conversations.ts';
import { storiesOf } from './talk/stories.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: prepare-talk FOLDER\n');
  process.exit(2);
}
const rows = [...conversationsOf(storiesOf('learned'), 1)];
const openings = rows.map(({ turns, begins }) => turns.slice(0, begins < 0 ? undefined : begins + 1));
mkdirSync(folder, { recursive: true });
write('openings', openings);
write(
  'conversations',
  rows.map(({ turns }) => turns),
);

function write(name: string, conversations: readonly (readonly string[])[]): void {
  const lines = conversations.map((turns) => `${JSON.stringify({ turns })}\n`);
  writeFileSync(join(folder, `${name}.jsonl`), lines.join(''));
  process.stdout.write(
    `${name}: ${lines.length} conversations, ${conversations.flat().length / 2} answers\n`,
  );
}
